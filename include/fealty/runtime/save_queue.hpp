#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "fealty/runtime/machine_clock.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/timeline.hpp"

namespace fealty::runtime {

/// How far saves may lie behind the log: what a recovery computes again.
struct FlushPolicy {
  std::uint64_t distance_events = 2'000'000;  // a change is saved at most this far behind
  std::chrono::seconds distance{60};          // and at most this long after
  /// One commit saves about so much at most, of all partitions: its memory is bounded, and while
  /// one batch is written the next can be encoded.
  std::size_t bytes_max = std::size_t{40} << 20U;
};

/// The changed members of a partition, oldest unsaved change first. A member is in it once; the
/// epoch of its oldest unsaved change says from which moment that could be computed again: the one
/// at which the epoch began, before all of its changes.
///
/// Borrows the cache, in whose members the epochs are kept, and the policy, which may change.
/// Threads: one.
class SaveQueue {
 public:
  SaveQueue(MemberCache& cache, const FlushPolicy& policy, Moment now)
      : cache_{cache}, policy_{policy}, begun_{std::move(now)} {}

  /// Changes from here on may be given a later moment than those before: another epoch begins.
  void next_epoch(Moment now) {
    ++epoch_;
    begun_ = std::move(now);
  }
  /// The member has changed.
  void changed(Slot slot, CachedMember& member, const MachineClock& clock);

  [[nodiscard]] bool empty() const { return queue_.empty(); }
  [[nodiscard]] std::size_t size() const { return queue_.size(); }
  /// Whether the oldest unsaved change lies further back than the policy allows. Precondition: one
  /// is there.
  [[nodiscard]] bool due(ports::Offset next, MachineClock::Steady now);
  /// The member after so many others, to be prefetched; no_slot = there are fewer.
  [[nodiscard]] Slot ahead(std::size_t count) const {
    return count < queue_.size() ? queue_[count] : no_slot;
  }
  /// Takes the member with the oldest unsaved change: it is saved now. Precondition: not empty.
  Slot take();
  /// Where a recovery must begin to have all that is still in the queue; nullopt: wherever the
  /// timeline stands.
  [[nodiscard]] std::optional<Moment> recover_from();

 private:
  struct Epoch {
    std::uint64_t number = 0;
    Moment moment;
    MachineClock::Steady opened;
  };
  const Epoch& oldest();

  MemberCache& cache_;
  const FlushPolicy& policy_;
  std::deque<Slot> queue_;
  std::deque<Epoch> epochs_;  // of what is in the queue, ascending
  std::uint64_t epoch_ = 1;
  Moment begun_;  // when that did
};

}  // namespace fealty::runtime
