#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

namespace fealty::state {

/// Which partitions' stores a process has open, so that a standby, which follows one, and its
/// worker do not meet. Of two workers the group sees to that; one that has lost a partition without
/// knowing it yet is not waited for.
///
/// Threads: any.
class OpenPartitions {
 public:
  /// For a worker: waits until a standby has left it.
  void enter(std::uint32_t partition);
  void leave(std::uint32_t partition);
  /// For a standby: false where anybody has it, or waits for it.
  bool try_follow(std::uint32_t partition);
  void unfollow(std::uint32_t partition);
  /// Whether a worker waits for a standby to leave it.
  [[nodiscard]] bool wanted(std::uint32_t partition) const;

 private:
  struct State {
    int workers = 0;  // that have it, or wait for it
    bool followed = false;
  };
  void forget_unused(std::uint32_t partition);

  mutable std::mutex mutex_;
  std::condition_variable left_;
  std::map<std::uint32_t, State> partitions_;  // those that anybody has
};

}  // namespace fealty::state
