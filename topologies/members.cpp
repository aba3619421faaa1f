#include "fealty/topologies/members.hpp"

#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/codec/encode.hpp"
#include "fealty/insight/churn.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::topologies {
namespace {

using program::Program;

/// The last thing done: what nobody is sent was made all the same, so that muting changes nothing
/// else.
void drop_muted(const Program& program, member::Effects& effects) {
  if (program.muted.none()) return;
  std::erase_if(effects.notices, [&](const member::Notice& notice) {
    return program.muted.test(static_cast<std::size_t>(notice.type));
  });
}

/// What announcing the churn risk changes in a record, to be put back.
struct Announced {
  explicit Announced(const member::Record& r)
      : churn{r.churn}, notice{r.churn_notice}, through{r.through}, timers{r.timer_notices} {}
  void restore(member::Record& r) const {
    r.churn = churn;
    r.churn_notice = notice;
    r.through = through;
    r.timer_notices = timers;
  }
  member::ChurnState churn;
  member::Announcement notice;
  Day through;
  std::uint32_t timers;
};

/// One event, in the order in which its parts may see each other's work: churn up to this day, the
/// program's rules, churn after it. A refused or repeated event leaves nothing behind.
program::Outcome apply_event(const Program& program, member::Record& record,
                             const event::Event& event, event::Offset position,
                             const member::Rows& rows, member::Effects& effects) {
  const Day day = day_of(event.time, program.utc_offset_s);
  const bool buys = event.type == event::Type::purchase;
  const std::size_t days_before = buys ? record.purchase_days.size() : 0;
  const member::Cause cause{event.id, event.source, program::cause_type(event.type), event.time};
  const Announced before{record};
  insight::announce(record, day, program.churn, program.version, program.utc_offset_s, effects);
  const program::Outcome outcome = program::apply(record, event, position, rows, program, effects);
  if (outcome.verdict != program::Verdict::applied) {
    before.restore(record);
    effects.clear();
    return outcome;
  }
  if (buys) {
    insight::after_purchase(record, days_before, day, cause, program.churn, program.version,
                            effects);
  }
  drop_muted(program, effects);
  return outcome;
}

void announce(const Program& program, member::Record& record, EventTime clock,
              member::Effects& effects) {
  const Day today = day_of(clock, program.utc_offset_s);
  // Day by day, so that a clock that jumps announces in the same order as one that creeps.
  while (record.due() <= today) {
    const Day day = record.due();
    program::announce(record, day, program, effects);
    insight::announce(record, day, program.churn, program.version, program.utc_offset_s, effects);
    check(record.due() > day, "what was announced is no longer due");
  }
  drop_muted(program, effects);
}

void encode_member(const Program& program, const member::Record& record, EventTime clock,
                   std::string& out) {
  const Day today = day_of(clock, program.utc_offset_s);
  codec::MemberView view;
  view.record = &record;
  const member::LevelState level = program::level_on(record, today, program);
  view.level = program.levels[level.level].name;
  view.level_since = level.since;
  view.qualifying = program::qualifying_on(record, today, program);
  view.qualifying_scale = program.metric == program::Metric::money ? program.currency.scale() : 0;
  view.money_scale = program.currency.scale();
  view.churn_bp = insight::churn_on(record, today, program.churn);
  view.churn_raised = insight::churn_state_on(record, today, program.churn).raised;
  view.as_of = clock;
  codec::encode_member(view, out);
}

}  // namespace

runtime::Topology members_topology(const Program& program, const codec::Mapping& mapping,
                                   std::string source) {
  runtime::Topology path;
  path.name = "members";
  path.source = std::move(source);
  path.stages = {
      {"decode", "bytes -> event, or a dead letter"},
      {"members", "the member's record: cache, else store"},
      {"program",
       "points, ledger, level: " + program.id + " version " + std::to_string(program.version)},
      {"insight", "churn score, risk raised and cleared"},
      {"collect", "notices, ledger entries, timers"},
      {"commit", "outputs, saved versions and positions, all or nothing"},
  };
  path.store = "members";
  path.streams = member_streams;
  path.core_revision = core_revision;

  path.decoder = [&mapping] { return std::make_unique<codec::Decoder>(mapping); };
  path.apply = [&program](member::Record& record, const event::Event& event, event::Offset position,
                          const member::Rows& rows, member::Effects& effects) {
    return apply_event(program, record, event, position, rows, effects);
  };
  path.announce = [&program](member::Record& record, EventTime clock, member::Effects& effects) {
    announce(program, record, clock, effects);
  };
  path.day = [&program](EventTime time) { return day_of(time, program.utc_offset_s); };
  path.outputs.notices = {streams::notices, [&program](const member::Notice& notice,
                                                       std::string_view member, std::string& out) {
                            codec::encode_notice(notice, member, program.id, out);
                          }};
  path.outputs.ledger = {streams::ledger,
                         [](const member::LedgerEntry& entry, std::string_view member,
                            std::string& out) { codec::encode_entry(entry, member, out); }};
  path.outputs.members = {streams::members, [&program](const member::Record& record,
                                                       EventTime clock, std::string& out) {
                            encode_member(program, record, clock, out);
                          }};
  path.outputs.deadletters = streams::deadletters;
  path.outputs.changelog = streams::changelog;
  return path;
}

}  // namespace fealty::topologies
