#include "levels.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::program {
namespace {

/// Oldest bucket that matters on `day` or later.
std::int32_t oldest_bucket(Day day, const Program& program) {
  switch (program.period) {
    case Period::lifetime:
      return 0;
    case Period::calendar_year:
      return year_of(day) - 1;
    case Period::rolling_days:
      return day - program.rolling_days + 1;
  }
  return 0;
}

std::int64_t amount_in(const member::Record& record, std::int32_t bucket) {
  for (const member::QualifyingBucket& held : record.qualifying) {
    if (held.bucket == bucket) return held.amount;
  }
  return 0;
}

/// What lies in the window that `day` lies in.
std::int64_t window_sum(const member::Record& record, Day day, const Program& program) {
  if (program.period != Period::rolling_days) return amount_in(record, bucket_of(day, program));
  std::int64_t sum = 0;
  for (auto held = record.qualifying.rbegin(); held != record.qualifying.rend(); ++held) {
    if (held->bucket <= day - program.rolling_days) break;
    if (held->bucket <= day) sum += held->amount;
  }
  return sum;
}

Day plus(Day day, std::int32_t days) { return day >= no_day - days ? no_day : day + days; }

/// First day after `day` on which today's buckets no longer reach `threshold`.
Day fall_day(const member::Record& record, std::int64_t threshold, Day day,
             const Program& program) {
  switch (program.period) {
    case Period::lifetime:
      return no_day;
    case Period::calendar_year: {
      const std::int32_t year = year_of(day);
      return first_day_of(amount_in(record, year) >= threshold ? year + 2 : year + 1);
    }
    case Period::rolling_days: {
      // The newest buckets that reach it: once the oldest of these leaves the window, they do not.
      std::int64_t sum = 0;
      Day oldest = no_day;
      for (auto held = record.qualifying.rbegin(); held != record.qualifying.rend(); ++held) {
        if (held->bucket <= day - program.rolling_days) break;
        oldest = held->bucket;
        sum += held->amount;
        if (sum >= threshold) break;
      }
      return oldest == no_day ? no_day : oldest + program.rolling_days;
    }
  }
  return no_day;
}

/// After a step down that leaves the member below the level still held: the next step.
Day next_step(Day check, const Program& program) {
  if (program.period == Period::calendar_year) {
    return plus(first_day_of(year_of(check) + 1), program.grace_days);
  }
  return plus(check, std::max(program.grace_days, 1));
}

}  // namespace

bool has_levels(const Program& program) { return program.levels.size() > 1; }

std::int32_t bucket_of(Day day, const Program& program) {
  switch (program.period) {
    case Period::lifetime:
      return 0;
    case Period::calendar_year:
      return year_of(day);
    case Period::rolling_days:
      return day;
  }
  return 0;
}

bool add_qualifying(member::Record& record, Day day, Day today, std::int64_t amount,
                    const Program& program) {
  const std::int32_t bucket = bucket_of(day, program);
  if (amount == 0 || bucket < oldest_bucket(today, program)) return false;
  auto& buckets = record.qualifying;
  auto at = buckets.end();  // Nearly always the newest one.
  while (at != buckets.begin() && (at - 1)->bucket >= bucket) --at;
  if (at != buckets.end() && at->bucket == bucket) {
    at->amount += amount;
    if (at->amount <= 0) buckets.erase(at);
  } else if (amount > 0) {
    buckets.insert(at, {bucket, amount});
  } else {
    return false;
  }
  return true;
}

void prune_qualifying(member::Record& record, Day today, const Program& program) {
  const std::int32_t oldest = oldest_bucket(today, program);
  auto& buckets = record.qualifying;
  const auto kept =
      std::find_if(buckets.begin(), buckets.end(),
                   [&](const member::QualifyingBucket& held) { return held.bucket >= oldest; });
  if (kept != buckets.begin()) buckets.erase(buckets.begin(), kept);
}

std::int64_t standing(const member::Record& record, Day day, const Program& program) {
  const std::int64_t now = window_sum(record, day, program);
  if (program.period != Period::calendar_year) return now;
  return std::max(now, amount_in(record, year_of(day) - 1));
}

std::uint8_t level_for(std::int64_t metric, const Program& program) {
  std::uint8_t level = 0;
  for (std::size_t i = 1; i < program.levels.size(); ++i) {
    if (metric >= program.levels[i].from) level = static_cast<std::uint8_t>(i);
  }
  return level;
}

Day check_day(const member::Record& record, std::uint8_t level, Day day, const Program& program) {
  if (level == 0 || program.downgrade == Downgrade::none) return no_day;
  check(level < program.levels.size(), "a level of this program");
  return plus(fall_day(record, program.levels[level].from, day, program), program.grace_days);
}

member::LevelState after_check(const member::Record& record, const member::LevelState& state,
                               const Program& program) {
  check(state.check != no_day && state.level > 0, "only a held level falls due");
  const Day day = state.check;
  const std::uint8_t qualified = level_for(standing(record, day, program), program);
  member::LevelState next = state;
  if (qualified < state.level) {
    next.level = program.downgrade == Downgrade::one_step
                     ? static_cast<std::uint8_t>(state.level - 1)
                     : qualified;
    next.since = day;
  }
  next.check = qualified >= next.level ? check_day(record, next.level, day, program)
                                       : next_step(day, program);
  check(next.check > day, "each check moves on");
  return next;
}

member::LevelState stepped(const member::Record& record, member::LevelState state, Day day,
                           const Program& program) {
  while (state.check <= day) state = after_check(record, state, program);
  return state;
}

member::LevelState evaluated(const member::Record& record, member::LevelState state, Day day,
                             bool by_refund, const Program& program) {
  const std::uint8_t qualified = level_for(standing(record, day, program), program);
  if (qualified > state.level) {
    state.level = qualified;
    state.since = day;
  }
  if (qualified == state.level) {
    state.check = check_day(record, state.level, day, program);
  } else if (by_refund && program.refund_levels == RefundLevels::recheck &&
             program.downgrade != Downgrade::none) {
    state.check = std::min(state.check, plus(day, program.grace_days));
  }
  return stepped(record, state, day, program);
}

member::LevelState level_on(const member::Record& record, Day today, const Program& program) {
  return stepped(record, record.level, today, program);
}

std::int64_t qualifying_on(const member::Record& record, Day today, const Program& program) {
  return window_sum(record, today, program);
}

}  // namespace fealty::program
