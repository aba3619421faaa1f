#include "tier.hpp"

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/program/apply.hpp"
#include "levels.hpp"

namespace fealty::program {
namespace {

constexpr std::string_view rule = "levels";
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
  const std::int64_t metric = standing(record, day, program);
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
    const std::int64_t missing = threshold - standing(record, state.check, program);
    out.details.push_back({"to_stay", missing > 0 ? missing : std::int64_t{0}});
    out.details.push_back({"check_day", std::int64_t{state.check}});
  }
}

void level_notice(Change& change, member::NoticeType type, std::uint8_t from,
                  const member::LevelState& to, Day day, std::string_view reason) {
  member::Notice* out = notice(change, type, rule);
  if (out == nullptr) return;
  out->before = level_name(change.program, from);
  out->after = level_name(change.program, to.level);
  add_details(*out, change.record, to, day, change.program);
  if (!reason.empty()) out->details.push_back({"reason", reason});
  const std::uint8_t named = to.level > from ? to.level : from;
  out->explanation =
      why(standing(change.record, day, change.program), named, change.program, change.effects);
}

}  // namespace

std::uint8_t earning_level(const Change& change) {
  return level_on(change.record, change.today, change.program).level;
}

void settle_level(Change& change) {
  member::Record& record = change.record;
  if (record.level.check > change.today && record.announced_level == record.level) return;
  announce(record, change.today, change.program, change.effects);
  const member::LevelState settled = stepped(record, record.level, change.today, change.program);
  if (record.announced_level.level != settled.level) {
    level_notice(change, member::NoticeType::tier_corrected, record.announced_level.level, settled,
                 change.today, "late_event");
  }
  record.level = record.announced_level = settled;
}

void qualify(Change& change, Day day, std::int64_t amount, bool by_refund) {
  if (amount == 0) return;
  member::Record& record = change.record;
  const bool counts = add_qualifying(record, day, change.today, amount, change.program);
  prune_qualifying(record, change.today, change.program);
  // What lies too far back to count changes nothing, a level least of all.
  if (!counts || !has_levels(change.program)) return;
  const member::LevelState before = record.level;
  record.level = evaluated(record, before, change.today, by_refund, change.program);
  record.announced_level = record.level;
  if (record.level.level > before.level) {
    level_notice(change, member::NoticeType::tier_upgraded, before.level, record.level,
                 change.today, {});
  } else if (record.level.level < before.level) {
    check(by_refund, "only a refund lowers a level at once");
    level_notice(change, member::NoticeType::tier_corrected, before.level, record.level,
                 change.today, "refund");
  }
}

void announce(member::Record& record, Day today, const Program& program, member::Effects& effects) {
  while (record.announced_level.check <= today) {
    const member::LevelState before = record.announced_level;
    const Day day = before.check;
    record.announced_level = after_check(record, before, program);
    if (record.announced_level.level == before.level) continue;
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
    level_notice(change, member::NoticeType::tier_downgraded, before.level, record.announced_level,
                 day, {});
  }
}

}  // namespace fealty::program
