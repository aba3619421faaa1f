#pragma once

#include <atomic>

namespace fealty::cli {

/// Set once SIGINT or SIGTERM arrives; installs the handlers at its first call.
const std::atomic<bool>& stop_signal();

}  // namespace fealty::cli
