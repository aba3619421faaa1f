#pragma once

#include <string>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::files {

/// What a replay is to read and to write.
struct LogCheck {
  std::vector<std::string> logs = {};    // as FileSourceOptions::logs
  std::vector<std::string> others = {};  // files that are read beside them: program, mapping
  bool follow = false;                   // a directory may be empty yet
  int stdin_fd = 0;                      // what "-" reads
  std::string out_dir = {};
  std::vector<std::string> out_files = {};  // names in it
  std::string state_dir = {};               // empty = none
};

/// Whether all logs can be read and nothing that is read would be written to, under whatever name;
/// opens no pipe and touches nothing.
/// Errors: input_unreadable (a log is missing or cannot be read, a directory holds none), usage (an
/// output lies among the inputs, or an input among the outputs).
Result<void> check_logs(const LogCheck& check);

}  // namespace fealty::files
