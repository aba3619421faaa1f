#include "fealty/runtime/save_queue.hpp"

#include "fealty/base/check.hpp"

namespace fealty::runtime {

void SaveQueue::changed(Slot slot, CachedMember& member, const MachineClock& clock) {
  if (member.first_unsaved != 0) return;
  if (epochs_.empty() || epochs_.back().number != epoch_) {
    epochs_.push_back({epoch_, begun_, clock.steady()});
  }
  member.first_unsaved = epoch_;
  queue_.push_back(slot);
}

/// The epoch of the oldest unsaved change; forgets those before it.
const SaveQueue::Epoch& SaveQueue::oldest() {
  check(!queue_.empty(), "an epoch belongs to a change");
  const std::uint64_t number = cache_.member(queue_.front()).first_unsaved;
  while (epochs_.front().number < number) epochs_.pop_front();
  check(epochs_.front().number == number, "each change in the queue has its epoch");
  return epochs_.front();
}

bool SaveQueue::due(ports::Offset next, MachineClock::Steady now) {
  const Epoch& epoch = oldest();
  return next - epoch.moment.position > policy_.distance_events ||
         now - epoch.opened > policy_.distance;
}

Slot SaveQueue::take() {
  check(!queue_.empty(), "a member to be saved");
  const Slot slot = queue_.front();
  queue_.pop_front();
  return slot;
}

std::optional<Moment> SaveQueue::recover_from() {
  if (!queue_.empty()) return oldest().moment;
  epochs_.clear();
  return std::nullopt;
}

}  // namespace fealty::runtime
