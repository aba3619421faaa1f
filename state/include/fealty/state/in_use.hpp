#pragma once

#include <filesystem>

namespace fealty::state {

/// Whether another process holds the state directory (a worker, a replay). False where it cannot be
/// told. Not for a process that holds it itself: the lock would go with the question.
bool in_use(const std::filesystem::path& directory);

}  // namespace fealty::state
