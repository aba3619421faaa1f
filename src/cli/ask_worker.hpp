#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/serve/read_client.hpp"

namespace fealty::cli {

/// How a running worker is asked, beside whom about.
struct AskOptions {
  std::string socket;  // empty = it is not
  std::string at_least;
  bool stale = false;
  double timeout_s = 10;
};
/// --socket, --at-least, --stale, --timeout. `options` must outlive the command.
void add_ask_options(CLI::App& command, AskOptions& options);

/// Asks for a member, or from_seq 1 on for its whole ledger, page by page, and gives each line of
/// the answer to `show`. Says on stderr as of when it is, or why there is none.
/// Returns the exit code: as with a state directory where nobody knows the member.
Result<int> ask_worker(const AskOptions& options, ports::ReadRequest::What what,
                       const std::string& id, const std::function<void(const std::string&)>& show);

}  // namespace fealty::cli
