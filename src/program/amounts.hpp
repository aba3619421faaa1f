#pragma once

#include "fealty/member/record.hpp"
#include "fealty/program/series.hpp"

/// The dated amounts of the qualifying metric, and what they come to on a day. The rules:
/// config/programs/README.md, section Levels.
namespace fealty::program {

/// What an event dated further back than this changes, it changes from there on.
inline constexpr Day late_days = 400;
/// How many amounts are left where member::amounts_max was reached.
inline constexpr std::size_t amounts_kept = 1536;

/// The first day that an event may still change, once `last_day` was seen. Where there is nothing
/// to climb amounts are not dated.
inline Day oldest_open_day(Day last_day, const Series& series) {
  return series.any_levels() ? last_day - late_days : last_day;
}

/// First day on which an amount of `of` lies in no window any more; no_day = never.
Day leaves_on(Day of, const Program& program);
/// Whether earned amounts hold a level in spite of refunds.
inline bool holds(const Program& program) {
  return program.refund_levels == RefundLevels::hold_to_period_end;
}

/// Adds `amount` (signed), merged with what there is of these two days. `from` is not before `of`.
void add_amount(member::DatedAmounts& amounts, Day of, Day from, std::int64_t amount);
/// Folds what counts from `day` or earlier as far as the days after it allow: amounts that had left
/// their windows by then go, those of one bucket (day, calendar year, all) become one, or one
/// earned and one given back where that makes a difference.
void fold_amounts(member::DatedAmounts& amounts, Day day, const Series& series);
/// The bound of last resort: leaves amounts_kept, giving up dates of the oldest.
void thin_amounts(member::DatedAmounts& amounts);

enum class Sum : std::uint8_t {
  net,   // what reaches a level
  held,  // what holds it: without refunds where the program says so
};
/// The metric by the end of `day`: rolling: of (day - n, day]; calendar year: the greater of this
/// and the last year; lifetime: all.
std::int64_t standing(const member::DatedAmounts& amounts, Day day, Sum sum,
                      const Program& program);
/// What counts by `day` of the window that `day` lies in: what is published.
std::int64_t window_sum(const member::DatedAmounts& amounts, Day day, const Program& program);
/// First day after `day` on which the amounts no longer hold `threshold`; no_day = never.
/// Preconditions: they do on `day`; all count from `day` or earlier.
Day fall_day(const member::DatedAmounts& amounts, std::int64_t threshold, Day day,
             const Program& program);

}  // namespace fealty::program
