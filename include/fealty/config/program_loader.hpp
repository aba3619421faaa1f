#pragma once

#include <string>
#include <string_view>

#include "fealty/base/result.hpp"
#include "fealty/program/program.hpp"

/// Program files (YAML) to a validated, compiled Program. The rules and keys are described in
/// config/programs/README.md.
namespace fealty::config {

struct LoadedProgram {
  program::Program program;
  std::string
      canonical_text;  // what the fingerprint is the hash of; comments and key order are gone
};

/// Errors: invalid_config with field "program"; detail holds every fault, one a line, as
/// "file:line:col: key: problem, did you mean 'x'?".
Result<LoadedProgram> load_program(const std::string& file);
/// The same from text; `file` is the name that faults carry.
Result<LoadedProgram> parse_program(std::string_view text, const std::string& file);

}  // namespace fealty::config
