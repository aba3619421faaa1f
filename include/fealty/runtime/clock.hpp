#pragma once

#include "fealty/base/time.hpp"
#include "fealty/ports/member_store.hpp"

namespace fealty::runtime {

/// A partition's clock (or a whole recorded log's): the largest event time seen, bounded against
/// one bad future timestamp. A time more than `jump_max` ahead of the clock does not move it until
/// a second event says so too; then the clock moves to the smaller of the two. Pure: time is an
/// argument. What it remembers is saved with each checkpoint.
class Clock {
 public:
  explicit Clock(std::chrono::days jump_max) : jump_max_{jump_max} {}

  [[nodiscard]] EventTime now() const { return state_.now; }
  [[nodiscard]] const ports::ClockState& state() const { return state_; }
  void restore(const ports::ClockState& state) { state_ = state; }

  /// Sees the time of one event.
  void observe(EventTime time) {
    if (time <= state_.now) return;
    if (state_.now == EventTime{} || time - state_.now <= jump_max_) {
      state_.now = time;
      return;
    }
    if (state_.suspect == EventTime{}) {
      state_.suspect = time;
      return;
    }
    state_.now = time < state_.suspect ? time : state_.suspect;
    state_.suspect = {};
  }
  /// Moves the clock forward without an event.
  void tick(EventTime time) {
    if (time > state_.now) state_.now = time;
  }

 private:
  std::chrono::days jump_max_;
  ports::ClockState state_;
};

}  // namespace fealty::runtime
