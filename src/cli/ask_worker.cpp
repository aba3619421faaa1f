#include "ask_worker.hpp"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"

namespace fealty::cli {
namespace {

using ports::ReadFailure;

/// "3:18".
Result<ports::InputPosition> place_of(const std::string& text) {
  ports::InputPosition out;
  const char* const end = text.data() + text.size();
  const auto [colon, failed] = std::from_chars(text.data(), end, out.partition);
  if (failed == std::errc{} && colon != end && *colon == ':') {
    const auto [rest, failed_too] = std::from_chars(colon + 1, end, out.position);
    if (failed_too == std::errc{} && rest == end) return out;
  }
  return Error{Errc::usage, "--at-least",
               "expected PARTITION:POSITION, such as 3:18 for an event written to partition 3 at "
               "offset 17, not '" +
                   text + "'"};
}

Result<serve::TimedRequest> request_of(const AskOptions& options) {
  serve::TimedRequest timed;
  timed.request.stale = options.stale;
  if (!options.at_least.empty()) {
    const auto place = place_of(options.at_least);
    if (!place) return place.error();
    timed.request.at_least = *place;
  }
  const double timeout_ms = options.timeout_s * 1000;
  const auto most = static_cast<double>(serve::timeout_max.count());
  if (!(timeout_ms >= 1 && timeout_ms <= most)) {
    return Error{Errc::usage, "--timeout", fmt::format("0.001 to {} seconds", most / 1000)};
  }
  timed.timeout = std::chrono::milliseconds{std::llround(timeout_ms)};
  return timed;
}

/// Not as an error of files: what it was and what to do is in its detail.
Result<int> no_answer(const Error& error) {
  if (error.code != Errc::input_unreadable) return error;
  fmt::print(stderr, "fealty: {}: {}\n", error.field, printable(error.detail));
  return exit_failure;
}

int tell(const std::string& id, const ports::ReadRefusal& refusal) {
  const std::string detail = printable(refusal.detail);
  switch (refusal.why) {
    case ReadFailure::unknown_member:
      fmt::print(stderr, "fealty: no member '{}' {}: check the id\n", printable(id), detail);
      break;
    case ReadFailure::elsewhere:
      fmt::print(stderr, "fealty: member '{}' is not here: {}\n", printable(id), detail);
      break;
    case ReadFailure::busy:
      fmt::print(stderr, "fealty: no answer in time: {}: try again, or give more --timeout\n",
                 detail);
      break;
    case ReadFailure::stopping:
      fmt::print(stderr, "fealty: {}: ask the process that takes its partitions over\n", detail);
      break;
    case ReadFailure::failed:
      fmt::print(stderr, "fealty: the worker cannot read its state: {}\n", detail);
      break;
  }
  return exit_failure;
}

}  // namespace

void add_ask_options(CLI::App& command, AskOptions& options) {
  command.add_option(
      "--socket", options.socket,
      "Ask the running worker that listens there (reads.socket of its service file)");
  command
      .add_option("--at-least", options.at_least,
                  "PARTITION:POSITION: not before the worker has come so far in the input")
      ->needs("--socket");
  command.add_flag("--stale", options.stale, "What is saved already, at once")->needs("--socket");
  command.add_option("--timeout", options.timeout_s, "Seconds to wait for the worker (default 10)")
      ->needs("--socket");
}

Result<int> ask_worker(const AskOptions& options, ports::ReadRequest::What what,
                       const std::string& id, const std::function<void(const std::string&)>& show) {
  auto timed = request_of(options);
  if (!timed) return timed.error();
  timed->request.what = what;
  timed->request.member = id;
  auto client = serve::ReadClient::connect(options.socket);
  if (!client) return no_answer(client.error());
  while (true) {
    const auto reply = client->ask(*timed);
    if (!reply) return no_answer(reply.error());
    const serve::OutcomeHead& head = reply->head;
    if (head.bad_request) return Error{Errc::usage, "request", head.refusal.detail};
    if (head.refused) return tell(id, head.refusal);
    for (const std::string& line : reply->lines) show(line);
    if (head.answer.next_seq == 0) {
      fmt::print(
          stderr, "partition {} as of input position {} ({})\n", head.answer.as_of.partition,
          head.answer.as_of.position,
          options.stale ? "what is saved of the member; more may be committed" : "committed");
      return exit_ok;
    }
    timed->request.from_seq = head.answer.next_seq;
  }
}

}  // namespace fealty::cli
