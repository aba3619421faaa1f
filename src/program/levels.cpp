#include "levels.hpp"

#include <algorithm>
#include <bit>

#include "fealty/base/check.hpp"
#include "fealty/program/apply.hpp"
#include "level_path.hpp"

namespace fealty::program {
namespace {

/// The state after the fall on its check day.
member::LevelState after_check(const member::DatedAmounts& amounts, const member::LevelState& state,
                               const Program& program) {
  check(state.check != no_day && state.level > 0, "only a held level falls");
  const Day day = state.check;
  member::LevelState next;
  next.level = program.downgrade == Downgrade::one_step
                   ? static_cast<std::uint8_t>(state.level - 1)
                   : level_for(standing(amounts, day, Sum::net, program), program);
  next.since = day;
  check(next.level < state.level, "what falls due falls");
  const bool held = standing(amounts, day, Sum::held, program) >= program.levels[next.level].from;
  next.check = held ? check_day(amounts, next.level, day, program) : next_step(day, program);
  check(next.check > day, "each check moves on");
  return next;
}

/// Whether folding may leave fewer amounts; cheap, asked often.
bool may_shrink(const member::DatedAmounts& amounts, Day day, const Program& program) {
  if (amounts.empty()) return false;
  if (leaves_on(amounts.front().of, program) <= day) return true;
  return program.period != Period::rolling_days && amounts.size() > 1 && amounts[1].of <= day;
}

/// Makes room for one more amount where memory would grow. True: dates were given up.
bool make_room(member::Record& record, const Program& program) {
  const std::size_t size = record.qualifying.size();
  if (size < 2 || !std::has_single_bit(size)) return false;
  const Day closed = oldest_open_day(record.last_day, program) - 1;
  if (size < member::amounts_max && !may_shrink(record.qualifying, closed, program)) return false;
  if (closed > record.level_base.day && has_levels(program)) {
    LevelPath path{record, program};
    path.walk_to(closed);
    record.level_base = path.base();
  }
  fold_amounts(record.qualifying, closed, program);
  if (record.qualifying.size() < member::amounts_max) return false;
  thin_amounts(record.qualifying);
  return true;
}

/// `state` of `day`, once more was earned on it.
member::LevelState raised(const member::DatedAmounts& amounts, member::LevelState state, Day day,
                          const Program& program) {
  const std::int64_t net = standing(amounts, day, Sum::net, program);
  const std::uint8_t qualified = level_for(net, program);
  if (qualified > state.level) return {qualified, day, check_day(amounts, qualified, day, program)};
  const std::int64_t held = holds(program) ? standing(amounts, day, Sum::held, program) : net;
  if (held >= program.levels[state.level].from) {
    state.check = check_day(amounts, state.level, day, program);
  }
  return state;
}

/// Walks to record.through after a change from `day` on; answers whether what the last notice said
/// of its day holds no more.
bool recompute(member::Record& record, Day day, const Program& program) {
  const member::Announcement& said = record.level_notice;
  LevelPath path{record, program};
  bool contradicts = false;
  if (said.id != member::NoticeId{} && said.day >= day) {
    path.walk_to(said.day);
    contradicts = path.level() != record.level.level;
  }
  path.walk_to(record.through);
  record.level = path.state();
  return contradicts;
}

/// A day that is not open any more is answered as the last one that is.
Day open(const member::Record& record, Day day, const Program& program) {
  return record.last_day < 0 ? day : std::max(day, oldest_open_day(record.last_day, program));
}

}  // namespace

std::uint8_t level_for(std::int64_t metric, const Program& program) {
  std::uint8_t level = 0;
  for (std::size_t i = 1; i < program.levels.size(); ++i) {
    if (metric >= program.levels[i].from) level = static_cast<std::uint8_t>(i);
  }
  return level;
}

Day check_day(const member::DatedAmounts& amounts, std::uint8_t level, Day day,
              const Program& program) {
  if (level == 0 || program.downgrade == Downgrade::none) return no_day;
  check(level < program.levels.size(), "a level of this program");
  return later(fall_day(amounts, program.levels[level].from, day, program), program.grace_days);
}

Day next_step(Day day, const Program& program) {
  if (program.period == Period::calendar_year) {
    return later(first_day_of(year_of(day) + 1), program.grace_days);
  }
  return later(day, std::max(program.grace_days, 1));
}

member::LevelState stepped(const member::Record& record, member::LevelState state, Day day,
                           const Program& program) {
  while (state.check <= day) state = after_check(record.qualifying, state, program);
  return state;
}

Qualified add_qualifying(member::Record& record, Day of, Day from, std::int64_t amount,
                         const Program& program) {
  const Day open_from = std::max({from, of, oldest_open_day(record.last_day, program)});
  if (amount == 0 || leaves_on(of, program) <= open_from) return {};
  const bool thinned = make_room(record, program);
  add_amount(record.qualifying, of, open_from, amount);
  if (!has_levels(program)) return {.counts = true};
  check(open_from <= record.through, "the level was settled up to the event");
  // Earned on the newest day: the levels before it stay as they are. The level of this day itself
  // follows from it and from what is earned, unless something else has already changed it.
  if (amount > 0 && open_from == record.through && record.level.since != open_from && !thinned) {
    record.level = raised(record.qualifying, record.level, open_from, program);
    return {.counts = true};
  }
  const bool contradicts = recompute(record, open_from, program);
  return {.counts = true, .contradicts = contradicts && open_from < record.through};
}

member::LevelState level_on(const member::Record& record, Day today, const Program& program) {
  const Day day = open(record, today, program);
  if (day >= record.through) return stepped(record, record.level, day, program);
  if (day >= record.level.since) return record.level;
  LevelPath path{record, program};
  path.walk_to(day);
  return {path.level(), path.base().since, path.base().falls};
}

std::int64_t qualifying_on(const member::Record& record, Day today, const Program& program) {
  return window_sum(record.qualifying, open(record, today, program), program);
}

}  // namespace fealty::program
