#pragma once

#include <chrono>
#include <cstdint>

#include "fealty/runtime/machine_clock.hpp"

namespace fealty::runtime {

/// How many events saves may lie behind for a recovery to apply them again within a stated time: by
/// how fast the last recovery went; before the first, by how fast events are applied live, for what
/// a worker does with all its outputs it can do again without them.
///
/// Threads: one.
class RecoveryPace {
 public:
  /// As long as nothing was measured: what a core does with cold caches.
  static constexpr std::uint64_t events_per_s_first = 100'000;

  /// `target`: 0 = not bound by a time.
  explicit RecoveryPace(std::chrono::milliseconds target) : target_{target} {}

  /// A partition begins to repeat so many events.
  void begin(std::uint64_t events, MachineClock::Steady now);
  /// One has, or is gone. The last of those under way ends the measurement.
  void end(MachineClock::Steady now);

  /// Of the recovery that is under way, or ended last.
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] MachineClock::Steady::duration took(MachineClock::Steady now) const {
    return now - begun_;
  }
  [[nodiscard]] bool recovering() const { return partitions_ > 0; }
  /// So many events were applied live, within `busy`. True where that has changed the pace.
  bool applied(std::uint64_t events, MachineClock::Steady::duration busy);

  /// Of a worker, over all its partitions.
  [[nodiscard]] std::uint64_t events_max() const;
  [[nodiscard]] std::uint64_t events_per_s() const { return events_per_s_; }

 private:
  const std::chrono::milliseconds target_;
  std::uint64_t events_per_s_ = events_per_s_first;
  bool recovered_ = false;  // by a recovery
  // Live, since the last look.
  std::uint64_t live_events_ = 0;
  MachineClock::Steady::duration live_busy_{};
  // Of the recovery under way.
  std::uint32_t partitions_ = 0;
  std::uint64_t events_ = 0;
  MachineClock::Steady begun_{};
};

}  // namespace fealty::runtime
