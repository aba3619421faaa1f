#include "tier.hpp"

#include <algorithm>
#include <array>

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/member/notice_id.hpp"
#include "fealty/program/apply.hpp"
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

/// The level went from `from` to record.level, as of `day`.
member::Notice& level_notice(Change& change, member::NoticeType type, std::uint8_t from, Day day) {
  const member::LevelState& to = change.record.level;
  member::Notice& out = notice(change, type, rule);
  out.before = level_name(change.program, from);
  out.after = level_name(change.program, to.level);
  add_details(out, change.record, to, day, change.program);
  const std::uint8_t named = to.level > from ? to.level : from;
  out.explanation = why(standing(change.record.qualifying, day, Sum::net, change.program), named,
                        change.program, change.effects);
  return out;
}

void remember(member::Record& record, const member::Notice& notice, Day day) {
  record.level_notice = {member::id_of(notice, record.id), day};
}

}  // namespace

std::uint8_t earning_level(const Change& change) {
  const Day day = day_of(change.time, change.program.utc_offset_s);
  return level_on(change.record, day, change.program).level;
}

void settle_level(Change& change) {
  member::Record& record = change.record;
  announce(record, change.today, change.program, change.effects);
  record.through = std::max(record.through, change.today);
}

void qualify(Change& change, Day of, Day from, std::int64_t amount) {
  member::Record& record = change.record;
  const std::uint8_t before = record.level.level;
  const Qualified done = add_qualifying(record, of, from, amount, change.program);
  if (record.level.level == before) return;
  const Day day = record.through;
  if (amount > 0 && record.level.level > before && !done.contradicts) {
    return remember(record, level_notice(change, NoticeType::tier_upgraded, before, day), day);
  }
  member::Notice& out = level_notice(change, NoticeType::tier_corrected, before, day);
  out.details.push_back({"reason", amount < 0 ? reason_refund : reason_late});
  if (record.level_notice.id != member::NoticeId{}) {
    out.details.push_back({"corrects", text_of(record.level_notice.id, change.effects)});
  }
  remember(record, out, day);
}

void announce(member::Record& record, Day today, const Program& program, member::Effects& effects) {
  while (record.level.check <= today) {
    const Day day = record.level.check;
    const std::uint8_t before = record.level.level;
    record.level = stepped(record, record.level, day, program);
    record.through = std::max(record.through, day);
    const std::string_view cause = effects.keep("timer/tier/" + to_iso_date(day));
    Change change{record,
                  program,
                  effects,
                  0,
                  cause,
                  {},
                  member::CauseType::none,
                  start_of(day, program.utc_offset_s),
                  day,
                  effects.notices.size(),
                  effects.entries.size()};
    member::Notice& out = level_notice(change, NoticeType::tier_downgraded, before, day);
    out.ordinal = record.timer_notices++;
    remember(record, out, day);
  }
}

}  // namespace fealty::program
