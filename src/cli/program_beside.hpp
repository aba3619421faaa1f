#pragma once

#include <span>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/ports/member_store.hpp"

namespace fealty::cli {

/// The copies of a program's generations beside the state that they made, in their order: what
/// `fealty member` reads it with. Empty where there are none.
std::vector<std::string> programs_beside(const std::string& state_directory);

/// Keeps a copy of each of `program_files` beside the state, in place of those before. Call it once
/// the stores are open. Errors: output_unwritable, input_unreadable.
Result<void> keep_programs_beside(const std::string& state_directory,
                                  std::span<const std::string> program_files);

/// The program as `path` has it, a file or a directory, behind the earlier generations that lie
/// beside the state: so a program changes by its one file, with the next version and its first day.
/// Errors: as config::load_series().
Result<config::LoadedSeries> load_series_beside(const std::string& path,
                                                const std::string& state_directory);

/// What partitions adopt of it.
std::vector<ports::Generation> generations_of(const program::Series& series);

}  // namespace fealty::cli
