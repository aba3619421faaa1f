#pragma once

#include <string>
#include <vector>

#include "fealty/program/program.hpp"

namespace fealty::config {

/// What changes for whom where `to` comes after `from`, a sentence each: first what keeps the two
/// from being generations of one program, then what changes outcomes, last what changes none.
/// Empty: nothing but the version.
std::vector<std::string> diff_in_words(const program::Program& from, const program::Program& to);

}  // namespace fealty::config
