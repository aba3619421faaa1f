#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "fealty/runtime/machine_clock.hpp"
#include "fealty/runtime/member_cache.hpp"

namespace fealty::runtime {

/// Whether snapshots of changed members go to the members stream, and how soon after the change; 0
/// = with the next commit. Changes until then are in the same snapshot.
using PublishPolicy = std::optional<std::chrono::milliseconds>;

/// The members of a partition whose last snapshot is older than they are, oldest such change first.
/// A member is in it once.
///
/// Invariant: whoever is saved was published with that version or before, so that what a recovery
/// does not compute again is published; what it does is again.
/// Borrows the cache, in whose members the tickets are kept. Threads: one.
class PublishQueue {
 public:
  PublishQueue(MemberCache& cache, PublishPolicy policy) : cache_{cache}, policy_{policy} {}

  [[nodiscard]] bool on() const { return policy_.has_value(); }
  /// The member has changed.
  void changed(Slot slot, CachedMember& member, const MachineClock& clock) {
    if (policy_ && member.publish_ticket == 0) add(slot, member, clock);
  }
  /// Changes from here on may be taken later than those before.
  void next_epoch() { ++epoch_; }
  /// Whether one has waited long enough.
  [[nodiscard]] bool due(MachineClock::Steady now);
  /// Takes one that has waited for long enough: it is published now. no_slot = none has.
  Slot take(MachineClock::Steady now);
  /// It is published without having been taken.
  static void published(CachedMember& member) { member.publish_ticket = 0; }

 private:
  struct Entry {
    Slot slot = no_slot;
    std::uint32_t ticket = 0;  // the member's, unless it was published since
  };
  struct Epoch {
    std::uint64_t number = 0;
    std::uint64_t first = 0;  // entry, of all that there ever were
    MachineClock::Steady opened;
  };
  void add(Slot slot, CachedMember& member, const MachineClock& clock);
  void drop_published();
  [[nodiscard]] bool waits(const Entry& entry) const;

  MemberCache& cache_;
  const PublishPolicy policy_;
  std::deque<Entry> queue_;
  std::deque<Epoch> epochs_;
  std::uint64_t epoch_ = 1;
  std::uint64_t taken_ = 0;  // entries that are in the queue no more
  std::uint32_t ticket_ = 0;
};

}  // namespace fealty::runtime
