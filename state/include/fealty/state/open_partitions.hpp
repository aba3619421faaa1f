#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>

namespace fealty::state {

/// Who of a process has which partition's store open: its worker, or a standby that follows it and
/// makes way.
///
/// Threads: any.
class OpenPartitions {
 public:
  /// For a worker: waits until a standby has left it. Precondition: no worker has it.
  void enter(std::uint32_t partition);
  /// For a standby: false where somebody has it, or waits for it.
  bool try_enter(std::uint32_t partition);
  void leave(std::uint32_t partition);
  /// Whether a worker waits for it.
  [[nodiscard]] bool wanted(std::uint32_t partition) const;

 private:
  struct State {
    bool open = false, wanted = false;
  };
  mutable std::mutex mutex_;
  std::condition_variable left_;
  std::map<std::uint32_t, State> partitions_;  // those that are open or wanted
};

}  // namespace fealty::state
