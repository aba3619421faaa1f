#include "fealty/runtime/recovery_pace.hpp"

#include <algorithm>
#include <limits>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

/// Of fewer events the time to fetch the first of them is most.
constexpr std::uint64_t events_min = 50'000;
constexpr std::uint64_t events_per_s_min = 20'000;
constexpr std::uint64_t events_per_s_max = 2'000'000;
constexpr std::uint64_t live_events_min = 200'000;

std::uint64_t per_second(std::uint64_t events, MachineClock::Steady::duration time) {
  const std::chrono::duration<double> took = time;
  const double rate = static_cast<double>(events) / std::max(took.count(), 1e-3);
  return static_cast<std::uint64_t>(std::clamp(rate, static_cast<double>(events_per_s_min),
                                               static_cast<double>(events_per_s_max)));
}

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
  events_per_s_ = per_second(events_, now - begun_);
  recovered_ = true;
}

bool RecoveryPace::applied(std::uint64_t events, MachineClock::Steady::duration busy) {
  if (recovered_) return false;
  live_events_ += events;
  live_busy_ += busy;
  if (live_events_ < live_events_min) return false;
  events_per_s_ = std::max(events_per_s_first, per_second(live_events_, live_busy_));
  live_events_ = 0;
  live_busy_ = {};
  return true;
}

std::uint64_t RecoveryPace::events_max() const {
  if (target_.count() == 0) return std::numeric_limits<std::uint64_t>::max();
  return events_per_s_ * static_cast<std::uint64_t>(target_.count()) / 1000;
}

}  // namespace fealty::runtime
