#include "ladder.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::program {

std::uint8_t level_for(std::int64_t metric, const Program& program) {
  std::uint8_t level = 0;
  for (std::size_t i = 1; i < program.levels.size(); ++i) {
    if (metric >= program.levels[i].from) level = static_cast<std::uint8_t>(i);
  }
  return level;
}

Day next_step(Day day, const Program& program) {
  if (program.period == Period::calendar_year) {
    return later(first_day_of(year_of(day) + 1), program.grace_days);
  }
  return later(day, std::max(program.grace_days, 1));
}

bool unheld(std::uint8_t level, std::int64_t held, const Program& program) {
  check(level == 0 || level < program.levels.size(), "a level of this program");
  return level > 0 && program.downgrade != Downgrade::none && held < program.levels[level].from;
}

void hold_or_fall(member::LevelBase& at, Day day, const Standing& standing,
                  const Program& program) {
  if (!unheld(at.level, standing.held, program)) {
    at.falls = no_day;
    return;
  }
  if (at.falls == no_day) at.falls = later(day, program.grace_days);
  if (at.falls > day) return;
  at.level = program.downgrade == Downgrade::one_step ? static_cast<std::uint8_t>(at.level - 1)
                                                      : level_for(standing.net, program);
  at.since = day;
  at.falls = unheld(at.level, standing.held, program) ? next_step(day, program) : no_day;
}

void rise_or_hold(member::LevelBase& at, Day day, const Standing& standing,
                  const Program& program) {
  const std::uint8_t qualified = level_for(standing.net, program);
  if (qualified <= at.level) return hold_or_fall(at, day, standing, program);
  at.level = qualified;
  at.since = day;
  at.falls = no_day;
}

bool adopt(member::LevelBase& at, Day day, const Standing& standing, const Program& old,
           const Program& next) {
  const auto kept = level_in(next, old, at.level);
  at.level = kept.value_or(level_for(standing.net, next));
  if (!kept) {
    at.since = day;
    at.falls = no_day;
  }
  rise_or_hold(at, day, standing, next);
  return kept.has_value();
}

std::optional<std::uint8_t> level_in(const Program& now, const Program& old, std::uint8_t level) {
  if (level == 0) return level;
  for (std::size_t i = 0; i < now.levels.size(); ++i) {
    if (now.levels[i].name == old.levels[level].name) return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

bool same_level(const Program& a, std::uint8_t in_a, const Program& b, std::uint8_t in_b) {
  if (in_a == 0 && in_b == 0) return true;
  return a.levels[in_a].name == b.levels[in_b].name;
}

}  // namespace fealty::program
