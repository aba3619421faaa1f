#include "tier.hpp"

#include <algorithm>
#include <array>

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/member/notice_id.hpp"
#include "fealty/program/apply.hpp"
#include "ladder.hpp"
#include "levels.hpp"

namespace fealty::program {
namespace {

using member::NoticeType;

constexpr std::string_view rule = "levels", reason_refund = "refund", reason_late = "late_event";
constexpr std::array<std::string_view, 3> metric_names{"points", "money", "orders"};

std::string_view level_name(const Program& program, std::uint8_t level) {
  check(level < program.levels.size(), "a level of this program");
  return program.levels[level].name;
}

void append_metric(std::string& out, std::int64_t amount, const Program& program) {
  if (program.metric == Metric::money) return append_money(out, amount, program.currency);
  append(out, amount);
  out.append(" ").append(metric_names[static_cast<std::size_t>(program.metric)]);
}

/// "512 points; gold from 500".
std::string_view why(std::int64_t metric, std::uint8_t level, const Program& program,
                     member::Effects& effects) {
  std::string& out = effects.draft();
  append_metric(out, metric, program);
  out.append("; ").append(program.levels[level].name).append(" from ");
  append_metric(out, program.levels[level].from, program);
  return effects.keep(out);
}

/// metric, qualifying, threshold, to_next, to_stay, check_day.
void add_details(member::Notice& out, const member::Record& record, const member::LevelState& state,
                 Day day, const Program& program) {
  const std::int64_t metric = standing(record.qualifying, day, Sum::net, program);
  const std::int64_t threshold = program.levels[state.level].from;
  out.details = {{"metric", metric_names[static_cast<std::size_t>(program.metric)]},
                 {"qualifying", metric},
                 {"threshold", threshold}};
  if (state.level + 1U < program.levels.size()) {
    const std::int64_t missing = program.levels[state.level + 1U].from - metric;
    out.details.push_back({"to_next", missing > 0 ? missing : std::int64_t{0}});
  }
  if (state.check != no_day) {
    // What is still missing on the check day for the level to be kept then.
    const std::int64_t missing =
        threshold - standing(record.qualifying, state.check, Sum::net, program);
    out.details.push_back({"to_stay", missing > 0 ? missing : std::int64_t{0}});
    out.details.push_back({"check_day", std::int64_t{state.check}});
  }
}

std::string_view text_of(const member::NoticeId& id, member::Effects& effects) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string& out = effects.draft();
  for (const std::uint64_t half : {id.high, id.low}) {
    for (unsigned shift = 64; shift > 0; shift -= 4) out += digits[half >> (shift - 4) & 15U];
  }
  return effects.keep(out);
}

/// The level went from the one named `before` to record.level, as of `day`. `named`: the one that
/// is explained.
member::Notice& level_notice(Change& change, member::NoticeType type, std::string_view before,
                             std::uint8_t named, Day day) {
  const Program& program = change.series.on(day);
  const member::LevelState& to = change.record.level;
  member::Notice& out = notice(change, type, rule);
  out.rule_version = program.version;
  out.before = before;
  out.after = level_name(program, to.level);
  add_details(out, change.record, to, day, program);
  out.explanation = why(standing(change.record.qualifying, day, Sum::net, program), named, program,
                        change.effects);
  return out;
}

void remember(member::Record& record, const member::Notice& notice, Day day) {
  record.announced.edit().level = {member::id_of(notice, record.id), day};
}

/// The clock, or an event, has reached `day`, on which record.level became what it is.
void announce_turn(Change& change, const Program& old, std::uint8_t level_before, bool gone,
                   Day day) {
  member::Record& record = change.record;
  const Program& now = change.series.on(day);
  const std::uint8_t level = record.level.level;
  if (same_level(old, level_before, now, level)) return;
  // A level that is none of this generation has no place among its levels: to lose it is a fall.
  const bool rises = !gone && level > level_in(now, old, level_before).value_or(0);
  const std::uint8_t named = gone ? level : std::max(level, *level_in(now, old, level_before));
  member::Notice& out =
      level_notice(change, rises ? NoticeType::tier_upgraded : NoticeType::tier_downgraded,
                   level_name(old, level_before), named, day);
  out.ordinal = record.timer_notices++;
  remember(record, out, day);
}

}  // namespace

std::uint8_t earning_level(const Change& change) {
  const Day day = change.series.day(change.time);
  const std::uint8_t level = level_on(change.record, day, change.series).level;
  const Program& by = levels_on(change.record, day, change.series);
  // Too far back, it is the level of a later day, and perhaps of another generation.
  return &by == &change.program ? level : level_in(change.program, by, level).value_or(0);
}

void settle_level(Change& change) {
  announce(change.record, change.today, change.series, change.effects);
}

void qualify(Change& change, Day of, Day from, std::int64_t amount) {
  member::Record& record = change.record;
  const std::uint8_t before = record.level.level;
  const bool contradicts = add_qualifying(record, of, from, amount, change.series);
  const std::uint8_t after = record.level.level;
  if (after == before) return;
  const Day day = record.through;
  const std::string_view name = level_name(change.series.on(day), before);
  const std::uint8_t named = std::max(before, after);
  if (amount > 0 && after > before && !contradicts) {
    return remember(record, level_notice(change, NoticeType::tier_upgraded, name, named, day), day);
  }
  member::Notice& out = level_notice(change, NoticeType::tier_corrected, name, named, day);
  out.details.push_back({"reason", amount < 0 ? reason_refund : reason_late});
  if (record.announced->level.id != member::NoticeId{}) {
    out.details.push_back({"corrects", text_of(record.announced->level.id, change.effects)});
  }
  remember(record, out, day);
}

void announce(member::Record& record, Day today, const Series& series, member::Effects& effects) {
  for (;;) {
    const LevelOn at{record.level, record.through};
    const Day day = next_turn(at, series);
    if (day > today) break;
    const LevelOn next = turned(record.qualifying, at, series);
    record.level = next.state;
    record.through = day;
    const std::string_view cause = effects.keep("timer/tier/" + to_iso_date(day));
    Change change{record,
                  series,
                  series.on(day),
                  effects,
                  0,
                  cause,
                  {},
                  member::CauseType::none,
                  start_of(day, series.first().utc_offset_s),
                  day,
                  effects.notices.size(),
                  effects.entries.size()};
    announce_turn(change, series.on(day - 1), at.state.level, next.gone, day);
  }
  record.through = std::max(record.through, today);
}

}  // namespace fealty::program
