#include "amounts.hpp"

#include <algorithm>
#include <tuple>

#include "fealty/base/check.hpp"

namespace fealty::program {
namespace {

using member::DatedAmount;
using member::DatedAmounts;

bool before(const DatedAmount& a, const DatedAmount& b) {
  return std::tie(a.of, a.from) < std::tie(b.of, b.from);
}

std::int64_t counted(const DatedAmount& held, Sum sum, const Program& program) {
  return sum == Sum::held && holds(program) ? std::max<std::int64_t>(held.amount, 0) : held.amount;
}

std::int64_t year_sum(const DatedAmounts& amounts, std::int32_t year, Day by, Sum sum,
                      const Program& program) {
  const Day first = first_day_of(year), end = first_day_of(year + 1);
  std::int64_t out = 0;
  for (auto held = amounts.rbegin(); held != amounts.rend() && held->of >= first; ++held) {
    if (held->of < end && held->from <= by) out += counted(*held, sum, program);
  }
  return out;
}

/// The day that stands for all of one bucket once they are folded.
Day bucket_day(Day of, const Program& program) {
  switch (program.period) {
    case Period::lifetime:
      return 0;
    case Period::calendar_year:
      return first_day_of(year_of(of));
    case Period::rolling_days:
      return of;
  }
  return of;
}

/// Sorts, makes one of those of equal days, drops what came to nothing.
void merge(DatedAmounts& amounts) {
  std::sort(amounts.begin(), amounts.end(), before);
  auto out = amounts.begin();
  for (auto at = amounts.begin(); at != amounts.end();) {
    DatedAmount one = *at;
    for (++at; at != amounts.end() && at->of == one.of && at->from == one.from; ++at) {
      one.amount += at->amount;
    }
    if (one.amount != 0) *out++ = one;
  }
  amounts.erase(out, amounts.end());
}

}  // namespace

Day leaves_on(Day of, const Program& program) {
  switch (program.period) {
    case Period::lifetime:
      return no_day;
    case Period::calendar_year:
      return first_day_of(year_of(of) + 2);
    case Period::rolling_days:
      return of >= no_day - program.rolling_days ? no_day : of + program.rolling_days;
  }
  return no_day;
}

void add_amount(DatedAmounts& amounts, Day of, Day from, std::int64_t amount) {
  check(from >= of, "nothing counts before the day that it is of");
  const DatedAmount added{of, from, amount};
  auto at = amounts.end();  // Nearly always the newest.
  while (at != amounts.begin() && !before(*(at - 1), added)) --at;
  if (at == amounts.end() || at->of != of || at->from != from) {
    amounts.insert(at, added);
    return;
  }
  at->amount += amount;
  if (at->amount == 0) amounts.erase(at);
}

void fold_amounts(DatedAmounts& amounts, Day day, const Series& series) {
  const Program& program = series.first();  // All agree in what a window is.
  const auto closed = [&](const DatedAmount& held) { return held.from <= day; };
  const auto gone = [&](const DatedAmount& held) {
    return closed(held) && leaves_on(held.of, program) <= day;
  };
  amounts.erase(std::remove_if(amounts.begin(), amounts.end(), gone), amounts.end());
  bool moved = false;
  for (DatedAmount& held : amounts) {
    if (!closed(held)) continue;
    const DatedAmount before = held;
    held.of = bucket_day(held.of, program);
    held.from = series.any_hold() && held.amount < 0 ? held.of + 1 : held.of;
    moved = moved || held != before;
  }
  if (moved) merge(amounts);
}

void thin_amounts(DatedAmounts& amounts) {
  check(amounts.size() > amounts_kept, "only too many are thinned");
  // First the oldest refunds lose their own days, which become those of their orders ...
  std::size_t left = amounts.size();
  DatedAmount* earned = nullptr;
  for (DatedAmount& held : amounts) {
    if (held.from == held.of) earned = &held;
    if (held.from == held.of || left <= amounts_kept) continue;
    held.from = held.of;
    if (earned != nullptr && earned->of == held.of) {
      earned->amount += held.amount;
      held.amount = 0;
      --left;
      if (earned->amount == 0) --left;
    } else {
      earned = &held;
    }
  }
  merge(amounts);
  // ... then the oldest days of all become one.
  if (amounts.size() <= amounts_kept) return;
  const std::size_t joined = amounts.size() - amounts_kept;
  for (std::size_t i = 0; i < joined; ++i) {
    amounts[i].of = amounts[joined].of;
    amounts[i].from = amounts[joined].from;
  }
  merge(amounts);
}

std::int64_t standing(const DatedAmounts& amounts, Day day, Sum sum, const Program& program) {
  std::int64_t out = 0;
  switch (program.period) {
    case Period::lifetime:
      for (const DatedAmount& held : amounts) {
        if (held.from <= day) out += counted(held, sum, program);
      }
      return out;
    case Period::calendar_year:
      return std::max(year_sum(amounts, year_of(day), day, sum, program),
                      year_sum(amounts, year_of(day) - 1, day, sum, program));
    case Period::rolling_days:
      for (auto held = amounts.rbegin(); held != amounts.rend(); ++held) {
        if (held->of <= day - program.rolling_days) break;
        if (held->from <= day) out += counted(*held, sum, program);
      }
      return out;
  }
  return out;
}

std::int64_t window_sum(const DatedAmounts& amounts, Day day, const Program& program) {
  std::int64_t out = 0;
  for (const DatedAmount& held : amounts) {
    if (held.from > day) continue;
    const bool inside = program.period == Period::calendar_year ? year_of(held.of) == year_of(day)
                                                                : leaves_on(held.of, program) > day;
    if (inside) out += held.amount;
  }
  return out;
}

Day fall_day(const DatedAmounts& amounts, std::int64_t threshold, Day day, const Program& program) {
  switch (program.period) {
    case Period::lifetime:
      return no_day;
    case Period::calendar_year: {
      const std::int32_t year = year_of(day);
      const bool by_this_year = year_sum(amounts, year, day, Sum::held, program) >= threshold;
      return first_day_of(by_this_year ? year + 2 : year + 1);
    }
    case Period::rolling_days: {
      // The newest days that reach it: once the oldest of these leaves the window, they do not.
      std::int64_t sum = 0;
      Day oldest = no_day;
      for (auto held = amounts.rbegin(); held != amounts.rend(); ++held) {
        if (held->of <= day - program.rolling_days) break;
        if (held->of != oldest && sum >= threshold) break;
        oldest = held->of;
        sum += counted(*held, Sum::held, program);
      }
      return oldest == no_day ? no_day : leaves_on(oldest, program);
    }
  }
  return no_day;
}

}  // namespace fealty::program
