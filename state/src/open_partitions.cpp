#include "fealty/state/open_partitions.hpp"

#include "fealty/base/check.hpp"

namespace fealty::state {

void OpenPartitions::enter(std::uint32_t partition) {
  std::unique_lock lock{mutex_};
  State& state = partitions_[partition];
  check(!state.wanted, "one worker a partition");
  state.wanted = true;
  left_.wait(lock, [&] { return !state.open; });
  state = {.open = true, .wanted = false};
}

bool OpenPartitions::try_enter(std::uint32_t partition) {
  const std::lock_guard lock{mutex_};
  return partitions_.try_emplace(partition, State{.open = true}).second;
}

void OpenPartitions::leave(std::uint32_t partition) {
  const std::lock_guard lock{mutex_};
  const auto at = partitions_.find(partition);
  check(at != partitions_.end() && at->second.open, "what is left was entered");
  if (at->second.wanted) {
    at->second.open = false;
  } else {
    partitions_.erase(at);
  }
  left_.notify_all();
}

bool OpenPartitions::wanted(std::uint32_t partition) const {
  const std::lock_guard lock{mutex_};
  const auto at = partitions_.find(partition);
  return at != partitions_.end() && at->second.wanted;
}

}  // namespace fealty::state
