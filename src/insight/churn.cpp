#include "fealty/insight/churn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "churn_path.hpp"
#include "fealty/base/check.hpp"
#include "fealty/member/notice_id.hpp"

namespace fealty::insight {
namespace {

using member::Cause;
using member::ChurnState;
using member::Effects;
using member::Notice;
using member::NoticeType;
using member::Record;

std::string percent(std::int64_t bp) { return fmt::format("{}.{:02} %", bp / 100, bp % 100); }

std::string explanation_of(const Summary& s, bool raised, std::int32_t score_bp, Day day,
                           const ChurnParameters& p) {
  const Day quiet_days = s.T_days(day) - s.t_x_days;
  return fmt::format(
      "Churn risk {} is {} {}: with {} repeat purchase day{}, the last purchase {} days ago and "
      "the "
      "first {} days ago, the chance to buy within {} days is {}.",
      percent(score_bp), raised ? "at or above" : "at or below",
      percent(raised ? p.raise_bp : p.clear_bp), s.x, s.x == 1 ? "" : "s", quiet_days,
      s.T_days(day), p.horizon_days, percent(10'000 - score_bp));
}

void set_cause(Notice& notice, const Cause& cause) {
  notice.time = cause.time;
  notice.cause = cause.id;
  notice.cause_source = cause.source;
  notice.cause_type = cause.type;
}

/// The notice that the risk became `raised` or not, as of `day`.
Notice notice_of(const Record& record, bool raised, std::int32_t before_bp, Day day,
                 const ChurnSeries& series, Effects& effects) {
  const ChurnParameters& p = series.on(day).parameters;
  const Summary s = summary_of(record);
  const std::int32_t bp = score_bp(s, day, p);
  Notice notice;
  notice.type = raised ? NoticeType::churn_raised : NoticeType::churn_cleared;
  notice.rule = "churn";
  notice.rule_version = series.on(day).version;
  notice.before = std::int64_t{before_bp};
  notice.after = std::int64_t{bp};
  notice.details = {{"score_bp", std::int64_t{bp}},
                    {"threshold_bp", std::int64_t{raised ? p.raise_bp : p.clear_bp}},
                    {"x", s.x},
                    {"t_x_days", std::int64_t{s.t_x_days}},
                    {"T_days", std::int64_t{s.T_days(day)}},
                    {"horizon_days", std::int64_t{p.horizon_days}}};
  notice.explanation = effects.keep(explanation_of(s, raised, bp, day, p));
  return notice;
}

void send(Record& record, const Notice& notice, Day day, Effects& effects) {
  record.announced.edit().churn = {member::id_of(notice, record.id), day};
  effects.notices.push_back(notice);
}

/// A late purchase: what holds on record.through, and whether what the last notice said of its day
/// holds no more.
bool recompute(Record& record, Day purchase, const ChurnSeries& series) {
  const member::Announcement& said = record.announced->churn;
  const Walked walked = walk(record, record.through, said.day, series);
  const bool contradicts =
      said.id != member::NoticeId{} && said.day >= purchase && walked.raised != record.churn.raised;
  record.churn = walked.state;
  return contradicts;
}

std::string text_of(const member::NoticeId& id) {
  return fmt::format("{:016x}{:016x}", id.high, id.low);
}

}  // namespace

std::uint16_t churn_on(const Record& record, Day today, const ChurnParameters& parameters) {
  const Summary s = summary_of(record);
  const Summary seen = s.first == no_day ? Summary{0, 0, today} : s;
  return static_cast<std::uint16_t>(score_bp(seen, today, parameters));
}

void after_purchase(Record& record, std::size_t days_before, Day day, const Cause& cause,
                    Outlooks& outlooks, Effects& effects) {
  const ChurnSeries& series = outlooks.series();
  if (!series.any_enabled() || record.purchase_days.size() == days_before) return;
  const Day as_of = record.through;
  check(as_of >= day, "what fell due before the purchase was announced");
  const bool raised_before = record.churn.raised;
  const bool late = day < as_of;
  bool contradicts = false;
  const Summary now = summary_of(record);
  const ChurnParameters& p = series.on(as_of).parameters;
  const ChurnParameters& of_last = series.on(now.last()).parameters;
  const std::int32_t bp = outlooks.of(now.x, now.t_x_days, now.t_x_days, of_last).score_bp;
  if (late) {
    contradicts = recompute(record, day, series);
  } else if (!held(record.churn, day, p) && turns(record.churn, bp, p)) {
    record.churn = turned(record.churn, day);
  }
  record.churn.due = due_day(now, record.churn, late ? as_of + 1 : day, p, outlooks);
  record.churn_bp = static_cast<std::uint16_t>(bp);
  if (record.churn.raised == raised_before) return;
  const std::int32_t before_bp = score_bp(summary_without(record, day), as_of, p);
  Notice notice = notice_of(record, record.churn.raised, before_bp, as_of, series, effects);
  set_cause(notice, cause);
  if (late) notice.details.push_back({"reason", std::string_view{"late_event"}});
  if (contradicts) {
    notice.details.push_back({"corrects", effects.keep(text_of(record.announced->churn.id))});
  }
  send(record, notice, as_of, effects);
}

void announce(Record& record, Day today, const ChurnSeries& series, std::int32_t utc_offset_s,
              Effects& effects) {
  if (record.churn.due > today && series.next_switch(record.through) > today) return;
  const auto tell = [&](const ChurnState& state, Day day) {
    const std::int32_t before_bp =
        state.raised ? record.churn_bp : churn_on(record, day - 1, series.on(day - 1).parameters);
    Notice notice = notice_of(record, state.raised, before_bp, day, series, effects);
    notice.time = start_of(day, utc_offset_s);
    notice.cause = effects.keep("timer/churn/" + to_iso_date(day));
    notice.ordinal = record.timer_notices++;
    send(record, notice, day, effects);
  };
  record.churn = advanced(record, record.churn, record.through, today, series, tell);
}

ChurnState churn_state_on(const Record& record, Day today, const ChurnSeries& series) {
  if (today >= record.through) {
    return advanced(record, record.churn, record.through, today, series,
                    [](const ChurnState&, Day) {});
  }
  if (today >= record.churn.since && series.next_switch(today) > record.through) {
    return record.churn;
  }
  return walk(record, today, today, series).state;
}

}  // namespace fealty::insight
