#include "level_path.hpp"

#include <algorithm>
#include <numeric>

#include "fealty/base/check.hpp"
#include "levels.hpp"

namespace fealty::program {

LevelPath::LevelPath(const member::Record& record, const Series& series)
    : amounts_{record.qualifying},
      series_{series},
      program_{&series.on(record.level_base.day)},
      at_{record.level_base} {
  check(amounts_.size() <= member::amounts_max, "what a member holds is bounded");
  by_from_.resize(amounts_.size());
  std::iota(by_from_.begin(), by_from_.end(), std::uint16_t{0});
  const auto earlier = [&](std::uint16_t a, std::uint16_t b) {
    return amounts_[a].from < amounts_[b].from;
  };
  if (!std::is_sorted(by_from_.begin(), by_from_.end(), earlier)) {
    std::stable_sort(by_from_.begin(), by_from_.end(), earlier);
  }
  if (at_.day == member::LevelBase::before_all_days) return;
  if (program_->period == Period::calendar_year) year_ = year_of(at_.day);
  if (program_->period == Period::rolling_days) {
    while (leaving_ < amounts_.size() && leaves_on(amounts_[leaving_].of, *program_) <= at_.day) {
      ++leaving_;
    }
  }
  while (entering_ < by_from_.size() && amounts_[by_from_[entering_]].from <= at_.day) {
    enter_one(amounts_[by_from_[entering_++]], at_.day);
  }
}

void LevelPath::walk_to(Day day) {
  for (Day next = next_change(); next <= day; next = next_change()) step(next);
  at_.day = std::max(at_.day, day);
}

member::LevelState LevelPath::state() const {
  check(entering_ == by_from_.size(), "the state of a day by which all amounts count");
  member::LevelState out{at_.level, at_.since, at_.falls};
  if (out.check == no_day) out.check = check_day(amounts_, out.level, at_.day, *program_);
  return out;
}

/// The next day on which anything may change.
Day LevelPath::next_change() const {
  Day next = std::min(at_.falls, series_.next_switch(at_.day));
  if (entering_ < by_from_.size()) next = std::min(next, amounts_[by_from_[entering_]].from);
  switch (program_->period) {
    case Period::lifetime:
      break;
    case Period::calendar_year:
      if (window_.held != 0 || last_year_.held != 0) {
        next = std::min(next, first_day_of(year_ + 1));
      }
      break;
    case Period::rolling_days:
      if (leaving_ < amounts_.size()) {
        next = std::min(next, leaves_on(amounts_[leaving_].of, *program_));
      }
      break;
  }
  return next;
}

void LevelPath::step(Day day) {
  check(day > at_.day, "a path goes forward");
  leave(day);
  const Program& old = *program_;
  program_ = &series_.on(day);
  if (program_ != &old) {
    adopt(at_, day, standing(), old, *program_);
  } else {
    hold_or_fall(at_, day, standing(), *program_);
  }
  if (enter(day)) rise_or_hold(at_, day, standing(), *program_);
  at_.day = day;
}

/// What is in no window of `day` any more, or in another one.
void LevelPath::leave(Day day) {
  if (program_->period == Period::calendar_year) {
    const std::int32_t year = year_of(day);
    if (year == year_) return;
    last_year_ = year == year_ + 1 ? window_ : Sums{};
    window_ = {};
    year_ = year;
  } else if (program_->period == Period::rolling_days) {
    for (; leaving_ < amounts_.size(); ++leaving_) {
      const member::DatedAmount& old = amounts_[leaving_];
      const Day left = leaves_on(old.of, *program_);
      if (left > day) return;
      check(old.from < left, "what never counts is not kept");
      window_.take(old.amount);
    }
  }
}

/// What counts from `day` on. False: nothing.
bool LevelPath::enter(Day day) {
  bool any = false;
  for (; entering_ < by_from_.size(); ++entering_) {
    const member::DatedAmount& amount = amounts_[by_from_[entering_]];
    if (amount.from > day) break;
    enter_one(amount, day);
    any = true;
  }
  return any;
}

void LevelPath::enter_one(const member::DatedAmount& amount, Day day) {
  if (program_->period == Period::calendar_year) {
    const std::int32_t year = year_of(amount.of);
    if (year == year_) window_.add(amount.amount);
    if (year == year_ - 1) last_year_.add(amount.amount);
  } else if (leaves_on(amount.of, *program_) > day) {
    window_.add(amount.amount);
  }
}

Standing LevelPath::standing() const {
  const std::int64_t net = std::max(window_.net, last_year_.net);
  return {net, holds(*program_) ? std::max(window_.held, last_year_.held) : net};
}

}  // namespace fealty::program
