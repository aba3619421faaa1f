#pragma once

#include "amounts.hpp"

/// The level ladder: which level a metric holds, and when it falls. Pure leaves; the rules are
/// those of config/programs/README.md, section Levels.
namespace fealty::program {

inline constexpr std::uint8_t level_max = 255;

/// `day` + `days`, at most no_day.
inline Day later(Day day, std::int32_t days) { return day >= no_day - days ? no_day : day + days; }

/// The highest level whose threshold `metric` reaches.
std::uint8_t level_for(std::int64_t metric, const Program& program);
/// The day on which `level` falls if nothing happens after `day`. Precondition: `amounts` hold it
/// on `day`, and count by then.
Day check_day(const member::DatedAmounts& amounts, std::uint8_t level, Day day,
              const Program& program);
/// After a step down on `day` to a level that is not held either: the day of the next one.
Day next_step(Day day, const Program& program);

/// `state` after the falls up to and including the beginning of `day`. Precondition: all amounts
/// count by the first of them.
member::LevelState stepped(const member::Record& record, member::LevelState state, Day day,
                           const Program& program);

/// What an amount did to the level.
struct Qualified {
  bool counts = false;       // false: it changes no day that is still open
  bool contradicts = false;  // the last level notice said what holds no more of its day
};
/// Adds the amount, and brings record.level to what holds on record.through.
Qualified add_qualifying(member::Record& record, Day of, Day from, std::int64_t amount,
                         const Program& program);

}  // namespace fealty::program
