#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace fealty::cli {

/// Lets somebody act while every worker stands still between two batches: on what they all go by,
/// or on what is theirs alone.
///
/// Threads: workers call pass() and leave(), one other during().
class Standstill {
 public:
  explicit Standstill(std::size_t workers) : running_{workers} {}
  /// Of a worker, between two batches: waits while somebody acts.
  void pass() {
    if (wanted_.load(std::memory_order_relaxed)) stand();
  }
  /// Of a worker, as its last: it passes no more.
  void leave();
  /// Runs `act` once all workers stand still. False where they did not within `patience`: nothing
  /// was done, and they go on.
  bool during(std::chrono::milliseconds patience, const std::function<void()>& act);

 private:
  void stand();

  std::atomic<bool> wanted_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_;  // workers that neither stand nor left
  std::uint64_t acts_ = 0;
};

}  // namespace fealty::cli
