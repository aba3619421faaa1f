#include "stop_signal.hpp"

#include <csignal>

namespace fealty::cli {
namespace {

std::atomic<bool>& flag() {
  static std::atomic<bool> stop{false};
  return stop;
}
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_signal(int) { flag().store(true, std::memory_order_relaxed); }

}  // namespace

const std::atomic<bool>& stop_signal() {
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    // A second signal ends the process at once.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
  return flag();
}

}  // namespace fealty::cli
