#pragma once

#include <chrono>
#include <cstdint>

#include "fealty/runtime/machine_clock.hpp"

namespace fealty::runtime {

/// How many events saves may lie behind for a recovery to apply them again within a stated time: by
/// how fast the last ones went.
///
/// Threads: one.
class RecoveryPace {
 public:
  /// As long as none was measured: what a core does with cold caches.
  static constexpr std::uint64_t events_per_s_first = 250'000;

  /// `target`: 0 = not bound by a time.
  explicit RecoveryPace(std::chrono::milliseconds target) : target_{target} {}

  /// A partition begins to repeat so many events.
  void begin(std::uint64_t events, MachineClock::Steady now);
  /// One has, or is gone. The last of those under way ends the measurement.
  void end(MachineClock::Steady now);

  /// Of a worker, over all its partitions.
  [[nodiscard]] std::uint64_t events_max() const;
  [[nodiscard]] std::uint64_t events_per_s() const { return events_per_s_; }

 private:
  const std::chrono::milliseconds target_;
  std::uint64_t events_per_s_ = events_per_s_first;
  // Of the recovery under way.
  std::uint32_t partitions_ = 0;
  std::uint64_t events_ = 0;
  MachineClock::Steady begun_{};
};

}  // namespace fealty::runtime
