#pragma once

#include <span>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::cli {

/// The copies of a program's generations beside the state that they made, in their order: what
/// `fealty member` reads it with. Empty where there are none.
std::vector<std::string> programs_beside(const std::string& state_directory);

/// Keeps a copy of each of `program_files` beside the state, in place of those before. Call it once
/// the stores are open. Errors: output_unwritable, input_unreadable.
Result<void> keep_programs_beside(const std::string& state_directory,
                                  std::span<const std::string> program_files);

}  // namespace fealty::cli
