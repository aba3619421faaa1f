#include "fealty/runtime/recovery_pace.hpp"

#include <algorithm>
#include <limits>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

/// Of fewer events the time to fetch the first of them is most.
constexpr std::uint64_t events_min = 50'000;
constexpr std::uint64_t events_per_s_min = 20'000;
constexpr std::uint64_t events_per_s_max = 5'000'000;

}  // namespace

void RecoveryPace::begin(std::uint64_t events, MachineClock::Steady now) {
  if (partitions_++ == 0) {
    events_ = 0;
    begun_ = now;
  }
  events_ += events;
}

void RecoveryPace::end(MachineClock::Steady now) {
  check(partitions_ > 0, "a partition begins before it ends");
  if (--partitions_ > 0 || events_ < events_min) return;
  const std::chrono::duration<double> took = now - begun_;
  const double per_s = static_cast<double>(events_) / std::max(took.count(), 1e-3);
  events_per_s_ = static_cast<std::uint64_t>(std::clamp(
      per_s, static_cast<double>(events_per_s_min), static_cast<double>(events_per_s_max)));
}

std::uint64_t RecoveryPace::events_max() const {
  if (target_.count() == 0) return std::numeric_limits<std::uint64_t>::max();
  return events_per_s_ * static_cast<std::uint64_t>(target_.count()) / 1000;
}

}  // namespace fealty::runtime
