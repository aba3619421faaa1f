#pragma once

#include "fealty/base/time.hpp"
#include "fealty/ports/member_store.hpp"

namespace fealty::runtime {

/// A partition's clock (or a whole recorded log's): the largest time of the events that were
/// accepted, guarded against single bad timestamps. Pure: time is an argument. What it remembers is
/// saved with each checkpoint.
///
/// The guard counts in days, so that a clock known to the day judges alike. An event more than
/// `jump_max` days ahead is not believed, and refused, until one of another member within
/// `jump_max` of it says so too. The first event of all is taken at its word, until the second
/// one: more than `jump_max` before it, that one moves the clock back.
class Clock {
 public:
  explicit Clock(std::chrono::days jump_max) : jump_max_{static_cast<Day>(jump_max.count())} {}

  [[nodiscard]] EventTime now() const { return state_.now; }
  [[nodiscard]] bool started() const { return state_.now != EventTime{}; }
  [[nodiscard]] const ports::ClockState& state() const { return state_; }
  void restore(const ports::ClockState& state) { state_ = state; }

  /// Whether an event of this member at this time is to be believed; notes it where not.
  [[nodiscard]] bool believes(EventTime time, std::uint64_t member_hash) {
    if (!started() || near(time)) return true;
    const bool witnessed = state_.suspect != EventTime{} && state_.suspect_member != member_hash &&
                           distance(time, state_.suspect) <= jump_max_;
    state_.suspect = witnessed ? EventTime{} : time;
    state_.suspect_member = witnessed ? 0 : member_hash;
    return witnessed;
  }
  /// Whether any event at this time is believed, and nothing is noted of it.
  [[nodiscard]] bool near(EventTime time) const {
    return day_of(time) - day_of(state_.now) <= jump_max_;
  }
  /// From here on an event that is accepted moves it forward or not at all.
  [[nodiscard]] bool confirmed() const { return started() && state_.confirmed; }
  /// An event was believed and accepted.
  void accepted(EventTime time) {
    if (!started()) {
      state_.now = time;
      return;
    }
    const bool back = !state_.confirmed && day_of(state_.now) - day_of(time) > jump_max_;
    if (back || time > state_.now) state_.now = time;
    state_.confirmed = !back;
  }
  /// Moves to a time that is known: recorded, or this machine's.
  void move(EventTime time) { state_.now = time; }

 private:
  static Day distance(EventTime a, EventTime b) {
    const Day days = day_of(a) - day_of(b);
    return days < 0 ? -days : days;
  }
  Day jump_max_;
  ports::ClockState state_;
};

}  // namespace fealty::runtime
