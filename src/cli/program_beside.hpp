#pragma once

#include <string>

#include "fealty/base/result.hpp"

namespace fealty::cli {

/// Where the copy of a program lies beside the state that it made: what `fealty member` reads it
/// with.
std::string program_beside(const std::string& state_directory);

/// Keeps a copy of `program_file` beside the state. Call it once the stores are open.
/// Errors: output_unwritable, input_unreadable.
Result<void> keep_program_beside(const std::string& state_directory,
                                 const std::string& program_file);

}  // namespace fealty::cli
