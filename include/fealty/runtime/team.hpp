#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fealty::runtime {

/// Threads that do a step of their caller's work together.
///
/// Owns:    its threads, one less than its size: the caller does the first share.
/// Threads: one caller.
class Team {
 public:
  explicit Team(std::size_t size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] std::size_t size() const { return threads_.size() + 1; }
  /// Calls `work` with 0, 1, ... size() - 1, each on a thread of its own; back once all are done.
  /// What was written before the call they see, and what they wrote is seen after it.
  void run(const std::function<void(std::size_t)>& work);

 private:
  void work_on(std::size_t share);

  std::mutex mutex_;  // guards what follows
  std::condition_variable begin_, done_;
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::uint64_t step_ = 0;
  std::size_t left_ = 0;  // shares of the step that are not done
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fealty::runtime
