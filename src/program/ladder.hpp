#pragma once

#include <optional>

#include "fealty/member/record.hpp"
#include "fealty/program/program.hpp"

/// What one day does to a level, given what the metric comes to: the rules of
/// config/programs/README.md, section Levels. Pure leaves.
namespace fealty::program {

inline constexpr std::uint8_t level_max = 255;

/// What the metric comes to on a day, by its beginning or its end.
struct Standing {
  std::int64_t net = 0;   // what reaches a level
  std::int64_t held = 0;  // what holds it
};

/// `day` + `days`, at most no_day.
inline Day later(Day day, std::int32_t days) { return day >= no_day - days ? no_day : day + days; }

/// The highest level whose threshold `metric` reaches.
std::uint8_t level_for(std::int64_t metric, const Program& program);
/// After a step down on `day` to a level that is not held either: the day of the next one.
Day next_step(Day day, const Program& program);
/// Whether the level may be lost at all, and is not held by `held`.
bool unheld(std::uint8_t level, std::int64_t held, const Program& program);

/// Keeps the level, or lets it fall once its grace is over.
void hold_or_fall(member::LevelBase& at, Day day, const Standing& standing, const Program& program);
/// Rises to what is qualified for, else holds or falls.
void rise_or_hold(member::LevelBase& at, Day day, const Standing& standing, const Program& program);
/// The beginning of `day`, on which `next` comes into force in place of `old`. False: the level is
/// gone, and the member falls to what is qualified for.
bool adopt(member::LevelBase& at, Day day, const Standing& standing, const Program& old,
           const Program& next);
/// The level of `now` that a level of `old` is there: the lowest is the lowest, others go by name.
/// nullopt: none.
std::optional<std::uint8_t> level_in(const Program& now, const Program& old, std::uint8_t level);
/// Whether two levels are one: the lowest ones, or of one name.
bool same_level(const Program& a, std::uint8_t in_a, const Program& b, std::uint8_t in_b);

}  // namespace fealty::program
