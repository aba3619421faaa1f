#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/program/series.hpp"

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

/// A program as the series of its generations.
struct LoadedSeries {
  program::Series series;
  std::vector<std::string> files;  // one a generation, in their order
};
/// Generations from files, or from a directory of them (*.yaml, *.yml), in any order. Errors:
/// invalid_config as above, with the faults of each file, else with those of the files together.
Result<LoadedSeries> load_series(std::span<const std::string> paths);
/// The files that load_series() reads for `path`: itself, or the program files in a directory.
std::vector<std::string> program_files(const std::string& path);

}  // namespace fealty::config
