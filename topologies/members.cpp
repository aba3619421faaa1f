#include "fealty/topologies/members.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/codec/encode.hpp"
#include "fealty/insight/churn.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::topologies {
namespace {

using program::Series;

/// The last thing done: what nobody is sent was made all the same, so that muting changes nothing
/// else.
void drop_muted(const Series& series, EventTime happened, member::Effects& effects) {
  if (!series.any_muted()) return;
  std::erase_if(effects.notices, [&](const member::Notice& notice) {
    const program::Program* const by = series.of_version(notice.rule_version);
    if (by == nullptr) return false;
    return happened < by->mute_before || by->muted.test(static_cast<std::size_t>(notice.type));
  });
}

/// The next day on which something falls due. Also a day on which another generation comes into
/// force.
Day next_due(const Series& series, const member::Record& record) {
  return std::min(record.due(), series.next_switch(record.through));
}

/// What falls due up to `today`, day by day, so that a clock that jumps announces in the same order
/// as one that creeps.
void announce_up_to(const Series& series, member::Record& record, Day today,
                    member::Effects& effects) {
  for (Day day = next_due(series, record); day <= today; day = next_due(series, record)) {
    insight::announce(record, day, series.churn(), series.first().utc_offset_s, effects);
    program::announce(record, day, series, effects);
    check(next_due(series, record) > day, "what was announced is no longer due");
  }
}

/// What announcing changes in a record, to be put back.
struct BeforeTurn {
  explicit BeforeTurn(const member::Record& r)
      : level{r.level},
        churn{r.churn},
        announced{r.announced},
        through{r.through},
        timers{r.timer_notices} {}
  void restore(member::Record& r) const {
    r.level = level;
    r.churn = churn;
    r.announced = announced;
    r.through = through;
    r.timer_notices = timers;
  }
  member::LevelState level;
  member::ChurnState churn;
  Boxed<member::Announced> announced;
  Day through;
  std::uint32_t timers;
};

/// One event, in the order in which its parts may see each other's work: what falls due up to its
/// day, the program's rules, churn after it. A refused or repeated event leaves nothing behind.
class Applier final : public runtime::EventApplier {
 public:
  explicit Applier(const Series& series) : series_{series}, outlooks_{series.churn()} {}
  program::Outcome apply(member::Record& record, const event::Event& event, event::Offset position,
                         const member::Rows& rows, member::Effects& effects) override;

 private:
  const Series& series_;
  insight::Outlooks outlooks_;
};

program::Outcome Applier::apply(member::Record& record, const event::Event& event,
                                event::Offset position, const member::Rows& rows,
                                member::Effects& effects) {
  const Day day = series_.day(event.time);
  const bool buys = event.type == event::Type::purchase;
  const std::size_t days_before = buys ? record.purchase_days.size() : 0;
  const member::Cause cause{event.id, event.source, program::cause_type(event.type), event.time};
  std::optional<BeforeTurn> before;
  if (next_due(series_, record) <= day) {
    before.emplace(record);
    announce_up_to(series_, record, day, effects);
  }
  const program::Outcome outcome = program::apply(record, event, position, rows, series_, effects);
  if (outcome.verdict != program::Verdict::applied) {
    if (before) before->restore(record);
    effects.clear();
    return outcome;
  }
  if (buys) {
    insight::after_purchase(record, days_before, day, cause, outlooks_, effects);
  }
  drop_muted(series_, event.time, effects);
  return outcome;
}

/// What falls due on a day has happened as that begins.
void announce(const Series& series, member::Record& record, Day today, member::Effects& effects) {
  announce_up_to(series, record, today, effects);
  drop_muted(series, start_of(today, series.first().utc_offset_s), effects);
}

void encode_member(const Series& series, const member::Record& record, EventTime clock,
                   std::string& out) {
  const Day today = series.day(clock);
  const program::Program& program = series.on(today);
  codec::MemberView view;
  view.record = &record;
  const member::LevelState level = program::level_on(record, today, series);
  view.level = program::levels_on(record, today, series).levels[level.level].name;
  view.level_since = level.since;
  view.qualifying = program::qualifying_on(record, today, series);
  view.qualifying_scale = program.metric == program::Metric::money ? program.currency.scale() : 0;
  view.money_scale = program.currency.scale();
  view.churn_bp = insight::churn_on(record, today, program.churn);
  view.churn_raised = insight::churn_state_on(record, today, series.churn()).raised;
  view.as_of = clock;
  codec::encode_member(view, out);
}

/// "shop version 1", and for each generation after it ", version 2 from 2026-01-01".
std::string described(const Series& series) {
  std::string out = series.first().id + " version " + std::to_string(series.first().version);
  for (const program::Program& one : series.generations().subspan(1)) {
    out += ", version " + std::to_string(one.version) + " from " + to_iso_date(one.valid_from);
  }
  return out;
}

}  // namespace

runtime::Topology members_topology(const Series& series, const codec::Mapping& mapping,
                                   std::string source) {
  runtime::Topology path;
  path.name = "members";
  path.source = std::move(source);
  path.stages = {
      {"decode", "bytes -> event, or a dead letter"},
      {"members", "the member's record: cache, else store"},
      {"program", "points, ledger, level: " + described(series)},
      {"insight", "churn score, risk raised and cleared"},
      {"collect", "notices, ledger entries, timers"},
      {"commit", "outputs, saved versions and positions, all or nothing"},
  };
  path.store = "members";
  path.streams = member_streams;
  path.core_revision = core_revision;

  path.decoder = [&mapping] { return std::make_unique<codec::Decoder>(mapping); };
  path.path_of = [&mapping](const codec::OddPath& odd) { return mapping.path_of(odd); };
  path.applier = [&series] { return std::make_unique<Applier>(series); };
  path.announce = [&series](member::Record& record, Day today, member::Effects& effects) {
    announce(series, record, today, effects);
  };
  path.day = [&series](EventTime time) { return series.day(time); };
  path.outputs.notices = {streams::notices, [&series](const member::Notice& notice,
                                                      std::string_view member, std::string& out) {
                            codec::encode_notice(notice, member, series.first().id, out);
                          }};
  path.outputs.ledger = {streams::ledger,
                         [](const member::LedgerEntry& entry, std::string_view member,
                            std::string& out) { codec::encode_entry(entry, member, out); }};
  path.outputs.members = {
      streams::members, [&series](const member::Record& record, EventTime clock, std::string& out) {
        encode_member(series, record, clock, out);
      }};
  path.outputs.deadletters = streams::deadletters;
  path.outputs.changelog = streams::changelog;
  path.outputs.timeline = streams::timeline;
  path.next_switch = [&series](Day day) { return series.next_switch(day); };
  return path;
}

}  // namespace fealty::topologies
