#pragma once

#include <string>
#include <vector>

#include "fealty/kafka/live_check.hpp"

namespace fealty::cli {

/// The state directory as `run` will find it: that it may be made or written, who holds it, and how
/// much room is left. Writes one file and takes it away again; makes no directory.
std::vector<kafka::Finding> check_disk(const std::string& state_dir);

}  // namespace fealty::cli
