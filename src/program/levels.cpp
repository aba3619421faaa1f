#include "levels.hpp"

#include <algorithm>
#include <array>

#include "fealty/base/check.hpp"
#include "fealty/program/apply.hpp"
#include "ladder.hpp"
#include "level_path.hpp"

namespace fealty::program {
namespace {

using member::DatedAmounts;

Standing standing_on(const DatedAmounts& amounts, Day day, const Program& program) {
  const std::int64_t net = standing(amounts, day, Sum::net, program);
  return {net, holds(program) ? standing(amounts, day, Sum::held, program) : net};
}

/// What is kept of a level, and back: the check day tells of a fall to come what `falls` tells of
/// one under way.
member::LevelBase base_of(const DatedAmounts& amounts, const LevelOn& at, const Program& program) {
  const member::LevelState& state = at.state;
  const bool falling = state.check != no_day &&
                       unheld(state.level, standing_on(amounts, at.day, program).held, program);
  return {at.day, state.since, falling ? state.check : no_day, state.level};
}
member::LevelState state_of(const DatedAmounts& amounts, const member::LevelBase& base, Day day,
                            const Program& program) {
  if (base.falls != no_day) return {base.level, base.since, base.falls};
  return {base.level, base.since, check_day(amounts, base.level, day, program)};
}

/// Whether folding may leave fewer amounts; cheap, asked often.
bool may_shrink(const DatedAmounts& amounts, Day day, const Program& program) {
  if (amounts.empty()) return false;
  if (leaves_on(amounts.front().of, program) <= day) return true;
  return program.period != Period::rolling_days && amounts.size() > 1 && amounts[1].of <= day;
}

/// Where room is made: the sizes at which a vector grows by 3/5, whatever its capacity is by
/// chance, so that the same amounts are kept after a restart.
constexpr auto growth_sizes = [] {
  std::array<std::size_t, 16> sizes{2};
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    sizes[i] = std::max(sizes[i - 1] + 1, sizes[i - 1] * 8 / 5);
  }
  return sizes;
}();
static_assert(growth_sizes.back() > member::amounts_max / 2);

/// What the level was at the end of `day`.
member::LevelBase base_on(const member::Record& record, Day day, const Series& series) {
  const member::LevelState& now = record.level;
  const bool same =
      now.since <= day && day <= record.through && series.next_switch(day) > record.through;
  if (same) {  // The level of today; a fall under way began on a day that only the walk tells.
    const Program& program = series.on(day);
    if (!unheld(now.level, standing_on(record.qualifying, day, program).held, program)) {
      return {day, now.since, no_day, now.level};
    }
  }
  LevelPath path{record, series};
  path.walk_to(day);
  return path.base();
}

/// Makes room for one more amount where memory would grow. True: dates were given up.
bool make_room(member::Record& record, const Series& series) {
  const std::size_t size = record.qualifying.size();
  const bool full = size >= member::amounts_max;
  if (!full && !std::binary_search(growth_sizes.begin(), growth_sizes.end(), size)) return false;
  const Day closed = oldest_open_day(record.last_day, series) - 1;
  if (!full && !may_shrink(record.qualifying, closed, series.first())) return false;
  if (closed > record.level_base.day && series.any_levels()) {
    record.level_base = base_on(record, closed, series);
  }
  fold_amounts(record.qualifying, closed, series);
  if (record.qualifying.size() < member::amounts_max) return false;
  thin_amounts(record.qualifying);
  return true;
}

/// `state` of `day`, once more was earned on it.
member::LevelState raised(const DatedAmounts& amounts, member::LevelState state, Day day,
                          const Program& program) {
  const Standing now = standing_on(amounts, day, program);
  const std::uint8_t qualified = level_for(now.net, program);
  if (qualified > state.level) return {qualified, day, check_day(amounts, qualified, day, program)};
  if (!unheld(state.level, now.held, program)) {
    state.check = check_day(amounts, state.level, day, program);
  }
  return state;
}

/// Makes `state` of `day` that of less having come in on it, by what its level is held with before
/// and after. False: only the walk tells.
bool lowered(const DatedAmounts& amounts, member::LevelState& state, Day day,
             std::int64_t held_before, const Program& program) {
  const std::int64_t held = standing_on(amounts, day, program).held;
  if (!unheld(state.level, held, program)) {
    state.check = check_day(amounts, state.level, day, program);
    return true;
  }
  return unheld(state.level, held_before, program);  // A fall that is under way stays as it is.
}

/// Walks to record.through after a change from `day` on; answers whether what the last notice said
/// of its day holds no more.
bool recompute(member::Record& record, Day day, const Series& series) {
  const member::Announcement& said = record.announced->level;
  LevelPath path{record, series};
  bool contradicts = false;
  if (said.id != member::NoticeId{} && said.day >= day) {
    path.walk_to(said.day);
    contradicts = !same_level(series.on(said.day), path.level(), series.on(record.through),
                              record.level.level);
  }
  path.walk_to(record.through);
  record.level = path.state();
  return contradicts;
}

/// A day that is not open any more is answered as the last one that is.
Day open(const member::Record& record, Day day, const Series& series) {
  return record.last_day < 0 ? day : std::max(day, oldest_open_day(record.last_day, series));
}

}  // namespace

Day check_day(const DatedAmounts& amounts, std::uint8_t level, Day day, const Program& program) {
  if (level == 0 || program.downgrade == Downgrade::none) return no_day;
  check(level < program.levels.size(), "a level of this program");
  return later(fall_day(amounts, program.levels[level].from, day, program), program.grace_days);
}

Day next_turn(const LevelOn& at, const Series& series) {
  return std::min(at.state.check, series.next_switch(at.day));
}

LevelOn turned(const DatedAmounts& amounts, const LevelOn& at, const Series& series) {
  const Day day = next_turn(at, series);
  check(day != no_day && day > at.day, "a level turns on a later day");
  const Program& old = series.on(day - 1);
  const Program& now = series.on(day);
  LevelOn next{at.state, day};
  if (&now == &old) {
    member::LevelBase base{day, at.state.since, day, at.state.level};
    hold_or_fall(base, day, standing_on(amounts, day, now), now);
    check(base.level < at.state.level, "what falls due falls");
    next.state = state_of(amounts, base, day, now);
  } else {
    member::LevelBase base = base_of(amounts, {at.state, day - 1}, old);
    next.gone = !adopt(base, day, standing_on(amounts, day, now), old, now);
    next.state = state_of(amounts, base, day, now);
  }
  check(next.state.check > day, "each turn moves on");
  return next;
}

bool add_qualifying(member::Record& record, Day of, Day from, std::int64_t amount,
                    const Series& series) {
  const Day open_from = std::max({from, of, oldest_open_day(record.last_day, series)});
  if (amount == 0 || leaves_on(of, series.first()) <= open_from) return false;
  const bool thinned = make_room(record, series);
  const Program& program = series.on(open_from);
  // On the newest day the levels before it stay as they are. The level of this day itself follows
  // from it and from what came in, unless something else has already changed it.
  const bool short_way = open_from == record.through && record.level.since != open_from &&
                         !thinned && series.any_levels();
  const std::int64_t held_before =
      short_way && amount < 0 ? standing_on(record.qualifying, open_from, program).held : 0;
  add_amount(record.qualifying, of, open_from, amount);
  if (!series.any_levels()) return false;
  check(open_from <= record.through, "the level was settled up to the event");
  if (short_way && amount > 0) {
    record.level = raised(record.qualifying, record.level, open_from, program);
    return false;
  }
  if (short_way && lowered(record.qualifying, record.level, open_from, held_before, program)) {
    return false;
  }
  return recompute(record, open_from, series) && open_from < record.through;
}

member::LevelState level_on(const member::Record& record, Day today, const Series& series) {
  const Day day = open(record, today, series);
  if (day >= record.through) {
    LevelOn at{record.level, record.through};
    while (next_turn(at, series) <= day) at = turned(record.qualifying, at, series);
    return at.state;
  }
  if (day >= record.level.since && series.next_switch(day) > record.through) return record.level;
  LevelPath path{record, series};
  path.walk_to(day);
  return {path.level(), path.base().since, path.base().falls};
}

const Program& levels_on(const member::Record& record, Day today, const Series& series) {
  return series.on(open(record, today, series));
}

std::int64_t qualifying_on(const member::Record& record, Day today, const Series& series) {
  return window_sum(record.qualifying, open(record, today, series), series.first());
}

}  // namespace fealty::program
