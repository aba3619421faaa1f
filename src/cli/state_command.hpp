#pragma once

#include <CLI/App.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::cli {

/// `fealty state verify|stats|export --state DIR`: looks into a state directory from outside.
/// Registered on `app`; when it was asked for, its result goes to `exit_code`, which must outlive
/// app.
void add_state_command(CLI::App& app, int& exit_code);

struct StateCommandOptions {
  std::string state;
  std::vector<std::string> programs;  // empty = the copies beside the state
  bool json = false;
  // verify
  std::string service;  // whose changelog to compare with; empty = none
  std::string scratch;  // directory for the comparison; empty = the system's
  std::size_t faults_max = 100;
  // export
  bool ledger = false;
  std::string out;  // empty = stdout
};

/// Each prints to stdout and answers the exit code.
Result<int> verify_state(const StateCommandOptions& options);
Result<int> show_state_stats(const StateCommandOptions& options);
Result<int> export_state(const StateCommandOptions& options);

}  // namespace fealty::cli
