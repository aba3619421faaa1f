#include "explain_command.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "ask_worker.hpp"
#include "exit_code.hpp"
#include "fealty/codec/encode.hpp"
#include "ledger_table.hpp"
#include "standard_streams.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

struct Options {
  std::string state, id;
  AskOptions ask;
  bool json = false;
};

Result<int> explain_asked(const Options& options) {
  bool headed = options.json;
  return ask_worker(options.ask, ports::ReadRequest::What::ledger, options.id,
                    [&](const std::string& json) {
                      if (options.json) return fmt::print("{}\n", json);
                      if (!std::exchange(headed, true)) print_ledger_head();
                      print_entry(json);
                    });
}

Result<int> explain(const Options& options) {
  if (options.state.empty() == options.ask.socket.empty()) {
    return Error{Errc::usage, "--state", "give --state DIR, or --socket PATH of a running worker"};
  }
  if (!options.ask.socket.empty()) return explain_asked(options);
  auto state = StoredState::open(options.state);
  if (!state) return state.error();
  auto found = state->find(options.id);
  if (!found) return found.error();
  if (!*found) return state->unknown_member(options.id);
  say("{}\n", state->standing((*found)->partition));

  std::string line;
  if (!options.json) print_ledger_head();
  const auto read = state->history(**found, [&](const member::LedgerEntry& entry) {
    if (!options.json) return print_entry(entry);
    line.clear();
    codec::encode_entry(entry, options.id, line);
    fmt::print("{}\n", line);
  });
  if (!read) return read.error();
  return exit_ok;
}

}  // namespace

void add_explain_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "explain", "Why a member has these points: rule, version and cause of each");
  command->add_option("--state", options->state, "State directory");
  add_ask_options(*command, options->ask);
  command->add_option("ID", options->id, "Member id")->required();
  command->add_flag("--json", options->json, "One JSON object a ledger entry");
  command->callback([options, &exit_code] {
    const auto done = explain(*options);
    exit_code = done ? *done : fail(done.error());
  });
}

}  // namespace fealty::cli
