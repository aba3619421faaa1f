#include "exit_code.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "fealty/base/printable.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {
namespace {

/// What a person can do about it; empty where the detail says it already.
std::string_view advice(Errc code) {
  switch (code) {
    case Errc::usage:
      return "see --help";
    case Errc::wrong_program:
      return "give the program that made this state or output, or other --state and --out "
             "directories";
    case Errc::wrong_input:
      return "give what the run began with, another --out directory, or --overwrite to begin anew";
    case Errc::wrong_revision:  // its detail says it: an older one and a newer one differ
      return {};
    case Errc::state_in_use:
      return "stop the process that holds it, or give another --state directory";
    case Errc::input_unreadable:
      return "check the path and its permissions";
    case Errc::input_gap:
      return "restore the missing input, or start again with an empty state directory";
    case Errc::input_corrupt:
      return "the file is damaged; fetch it again";
    case Errc::output_unwritable:
      return "check permissions and free space";
    case Errc::broker_unreachable:
      return "check kafka.brokers, the network, and that the broker is up";
    case Errc::broker_refused:
      return "check kafka.security, access rights and the names of the topics";
    case Errc::fenced:
      return "another process runs with the same transactional id; stop one of them";
    case Errc::store_unavailable:
      return "check the state directory, its permissions and free space";
    case Errc::store_corrupt:
      return "move the state directory away; an empty one is restored from the log";
    default:
      return {};
  }
}

}  // namespace

int exit_code(Errc code) {
  switch (code) {
    case Errc::usage:
    case Errc::invalid_config:
    case Errc::wrong_program:
    case Errc::wrong_input:
    case Errc::wrong_revision:
    case Errc::broker_refused:  // it answered: credentials, rights or topics are configured wrongly
      return exit_usage;
    case Errc::broker_unreachable:
      return exit_broker;
    case Errc::store_corrupt:
      return exit_state_damaged;
    case Errc::fenced:
      return exit_fenced;
    case Errc::verification_failed:
      return exit_difference;
    default:
      return exit_failure;
  }
}

std::string describe(const Error& error) {
  if (error.code == Errc::invalid_config && !error.detail.empty()) {
    return printable_lines(error.detail);
  }
  std::string out = fmt::format("fealty: {}", name(error.code));
  if (!error.field.empty()) out += fmt::format(": {}", error.field);
  if (!error.detail.empty()) out += fmt::format(": {}", printable(error.detail));
  if (const std::string_view what = advice(error.code); !what.empty()) {
    out += fmt::format(": {}", what);
  }
  return out;
}

int fail(const Error& error) {
  say("{}\n", describe(error));
  return exit_code(error.code);
}

}  // namespace fealty::cli
