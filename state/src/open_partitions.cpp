#include "fealty/state/open_partitions.hpp"

#include "fealty/base/check.hpp"

namespace fealty::state {

void OpenPartitions::enter(std::uint32_t partition) {
  std::unique_lock lock{mutex_};
  State& state = partitions_[partition];
  ++state.workers;
  left_.wait(lock, [&] { return !state.followed; });
}

void OpenPartitions::leave(std::uint32_t partition) {
  const std::lock_guard lock{mutex_};
  State& state = partitions_[partition];
  check(state.workers > 0, "what is left was entered");
  --state.workers;
  forget_unused(partition);
}

bool OpenPartitions::try_follow(std::uint32_t partition) {
  const std::lock_guard lock{mutex_};
  return partitions_.try_emplace(partition, State{.followed = true}).second;
}

void OpenPartitions::unfollow(std::uint32_t partition) {
  const std::lock_guard lock{mutex_};
  State& state = partitions_[partition];
  check(state.followed, "what is left was followed");
  state.followed = false;
  forget_unused(partition);
  left_.notify_all();
}

bool OpenPartitions::wanted(std::uint32_t partition) const {
  const std::lock_guard lock{mutex_};
  const auto at = partitions_.find(partition);
  return at != partitions_.end() && at->second.followed && at->second.workers > 0;
}

void OpenPartitions::forget_unused(std::uint32_t partition) {
  const State& state = partitions_[partition];
  if (state.workers == 0 && !state.followed) partitions_.erase(partition);
}

}  // namespace fealty::state
