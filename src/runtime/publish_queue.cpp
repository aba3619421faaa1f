#include "fealty/runtime/publish_queue.hpp"

namespace fealty::runtime {

void PublishQueue::add(Slot slot, CachedMember& member, const MachineClock& clock) {
  if (epochs_.empty() || epochs_.back().number != epoch_) {
    epochs_.push_back({epoch_, taken_ + queue_.size(), clock.steady()});
  }
  if (++ticket_ == 0) ++ticket_;
  member.publish_ticket = ticket_;
  queue_.push_back({slot, ticket_});
}

/// A slot may have been given to another member since: that one has another ticket, or none.
bool PublishQueue::waits(const Entry& entry) const {
  return cache_.member(entry.slot).publish_ticket == entry.ticket;
}

void PublishQueue::drop_published() {
  while (!queue_.empty() && !waits(queue_.front())) {
    queue_.pop_front();
    ++taken_;
  }
  while (!epochs_.empty() &&
         (queue_.empty() || (epochs_.size() > 1 && epochs_[1].first <= taken_))) {
    epochs_.pop_front();
  }
}

bool PublishQueue::due(MachineClock::Steady now) {
  drop_published();
  return !queue_.empty() && now - epochs_.front().opened >= *policy_;
}

Slot PublishQueue::take(MachineClock::Steady now) {
  if (!due(now)) return no_slot;
  const Slot slot = queue_.front().slot;
  published(cache_.member(slot));
  return slot;
}

}  // namespace fealty::runtime
