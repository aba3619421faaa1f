#include "fealty/insight/churn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "fealty/base/check.hpp"
#include "fealty/base/math.hpp"
#include "fealty/insight/bgnbd.hpp"
#include "fealty/member/notice_id.hpp"

// The score rises by itself while a member is quiet: both factors of P(buys within H) fall with T.
// So a risk that is not raised yet has one crossing day, found once and kept as the state's due
// day. A raised risk can only be cleared by a purchase, at once or, held back by the dwell, at its
// end.
namespace fealty::insight {
namespace {

using member::Cause;
using member::ChurnState;
using member::Effects;
using member::Notice;
using member::NoticeType;
using member::Record;

constexpr Day search_days =
    7305;  // 20 years after the last purchase: later crossings are never due

/// What the model knows of a member, in whole days.
struct Summary {
  std::int64_t x;
  Day t_x_days, first;
  [[nodiscard]] Day T_days(Day today) const { return std::max(today - first, t_x_days); }
};

Summary summary_of(const Record& record) {
  if (record.purchase_days.empty()) return {0, 0, record.first_day};
  const Day first = record.purchase_days.front();
  return {static_cast<std::int64_t>(record.purchase_days.size()) - 1,
          record.purchase_days.back() - first, first};
}

/// The same without the purchase day `day`.
Summary summary_without(const Record& record, Day day) {
  const auto& days = record.purchase_days;
  if (days.size() < 2) return {0, 0, record.first_day};
  const Day first = days.front() == day ? days[1] : days.front();
  const Day last = days.back() == day ? days[days.size() - 2] : days.back();
  return {static_cast<std::int64_t>(days.size()) - 2, last - first, first};
}

double weeks(Day days) { return static_cast<double>(days) / 7.0; }

Bgnbd model_of(const ChurnParameters& p) { return {p.r, p.alpha, p.a, p.b}; }

double p_buys(const Summary& s, Day today, const ChurnParameters& p) {
  return p_buys_within(model_of(p), weeks(p.horizon_days), static_cast<double>(s.x),
                       weeks(s.t_x_days), weeks(s.T_days(today)));
}

std::int32_t basis_points(double p_buys_in_time) {
  const double scaled = (1.0 - p_buys_in_time) * 10'000.0 + 0.5;
  if (!(scaled > 0.0)) return 0;
  return scaled >= 10'000.0 ? 10'000 : static_cast<std::int32_t>(scaled);
}

/// Weeks T at which P(buys) falls to `target` if its second factor stayed as it is at t_x; for x =
/// 0, where that factor is all there is, exactly.
double first_guess(const Summary& s, double target, const ChurnParameters& p) {
  const double shape = p.r + static_cast<double>(s.x);
  const double horizon = weeks(p.horizon_days), t_x = weeks(s.t_x_days);
  if (s.x == 0) {
    const double ratio = exp(log(1.0 - target) / shape);  // (alpha+T) / (alpha+T+H)
    return ratio * horizon / (1.0 - ratio) - p.alpha;
  }
  const double buys_if_alive = -expm1(shape * log1p(-horizon / (p.alpha + t_x + horizon)));
  const double theta = target / buys_if_alive;
  if (!(theta < 1.0)) return t_x;
  const double odds = (p.b + static_cast<double>(s.x) - 1) / p.a * (1.0 - theta) / theta;
  return (p.alpha + t_x) * exp(log(odds) / shape) - p.alpha;
}

/// Weeks T at which P(buys) = `buys` falls to `target` by one Newton step of ln P from `today`.
double newton_step(const Summary& s, Day today, double buys, double target,
                   const ChurnParameters& p) {
  const double shape = p.r + static_cast<double>(s.x);
  const double T = weeks(s.T_days(today)), horizon = weeks(p.horizon_days);
  const double alive = p_alive(model_of(p), static_cast<double>(s.x), weeks(s.t_x_days), T);
  const double quiet = 1.0 - buys / alive;
  const double slope = -shape / (p.alpha + T) *
                       ((1.0 - alive) + quiet / (1.0 - quiet) * horizon / (p.alpha + T + horizon));
  return T - log(buys / target) / slope;
}

/// `weeks_T` after the first purchase as a day, kept inside (low, high); NaN and infinities too.
Day day_between(const Summary& s, double weeks_T, Day low, Day high) {
  const double days = weeks_T * 7.0 + static_cast<double>(s.first);
  if (!(days > static_cast<double>(low))) return low + 1;
  if (days >= static_cast<double>(high - 1)) return high - 1;
  const Day whole = static_cast<Day>(days);
  return std::min(whole + (days > static_cast<double>(whole) ? 1 : 0), high - 1);
}

/// The first day from `earliest` on with score >= raise_bp, no_day if none in time. `hint`: the
/// answer before the last event, most often still right.
Day crossing_day(const Summary& s, Day earliest, Day hint, const ChurnParameters& p) {
  constexpr int newton_steps_max = 10;  // then halve: the curve may be flat where Newton crawls
  const double target = 1.0 - (static_cast<double>(p.raise_bp) - 0.5) / 10'000.0;
  const Day limit = std::max(s.first + s.t_x_days + search_days, earliest);
  Day low = earliest - 1, high = limit + 1;  // score(low) < raise_bp <= score(high), once evaluated
  Day day = hint > low && hint < high ? hint : day_between(s, first_guess(s, target, p), low, high);
  for (int step = 0; high - low > 1; ++step) {
    const double buys = p_buys(s, day, p);
    (basis_points(buys) >= p.raise_bp ? high : low) = day;
    if (high - low <= 1) break;
    day = step < newton_steps_max ? day_between(s, newton_step(s, day, buys, target, p), low, high)
                                  : low + (high - low) / 2;
  }
  return high > limit ? no_day : high;
}

/// The first day from `now` on, up to `limit`, on which time alone changes `state`; no_day = none.
/// `s`: with a purchase in it.
Day due_day(const Summary& s, const ChurnState& state, Day now, Day limit, Day hint,
            const ChurnParameters& p) {
  const Day held_until = state.since > 0 ? state.since + std::max(p.dwell_days, 1) : now;
  const Day earliest = std::max(now, held_until);
  if (earliest > limit) return no_day;
  if (state.raised) return basis_points(p_buys(s, earliest, p)) <= p.clear_bp ? earliest : no_day;
  // The score never falls by itself, so the last day tells whether to search at all.
  if (limit != no_day && basis_points(p_buys(s, limit, p)) < p.raise_bp) return no_day;
  const Day crossing = crossing_day(s, earliest, hint, p);
  return crossing <= limit ? crossing : no_day;
}

ChurnState changed(const ChurnState& state, Day day) {
  return {.raised = !state.raised, .since = day, .due = no_day};
}

/// `state` after the change that fell due.
ChurnState stepped(const Record& record, const ChurnState& state, const ChurnParameters& p) {
  check(state.due != no_day, "a step needs a due day");
  ChurnState next = changed(state, state.due);
  next.due = due_day(summary_of(record), next, next.since, no_day, no_day, p);
  check(next.due > state.due, "each step goes forward in time");
  return next;
}

ChurnState stepped_to(const Record& record, ChurnState state, Day today, const ChurnParameters& p) {
  while (state.due <= today) state = stepped(record, state, p);
  return state;
}

/// Whether a purchase on `day`, after which the member is `s`, changes `state`.
bool turns(const Summary& s, const ChurnState& state, Day day, const ChurnParameters& p) {
  if (state.since != 0 && day < state.since + p.dwell_days) return false;
  const std::int32_t score_bp = basis_points(p_buys(s, day, p));
  return state.raised ? score_bp <= p.clear_bp : score_bp >= p.raise_bp;
}

struct Walked {
  ChurnState state;     // at the end of the day walked to; its due day is not set
  bool raised = false;  // at the end of the day asked about
};
/// The risk of every day, from the purchase days alone.
Walked walk(const Record& record, Day to, Day asked, const ChurnParameters& p) {
  Walked out;
  ChurnState& state = out.state;
  Summary s{-1, 0, 0};
  const auto change = [&](Day day) {
    state = changed(state, day);
    if (day <= asked) out.raised = state.raised;
  };
  const auto wait = [&](Day from, Day until) {
    for (;;) {
      const Day due = due_day(s, state, from, until, no_day, p);
      if (due == no_day) return;
      change(due);
      from = due;
    }
  };
  for (const Day day : record.purchase_days) {
    if (day > to) break;
    if (s.x < 0) s.first = day;
    if (s.x >= 0) wait(s.first + s.t_x_days, day);
    s = {s.x + 1, day - s.first, s.first};
    if (turns(s, state, day, p)) change(day);
  }
  if (s.x >= 0) wait(s.first + s.t_x_days, to);
  return out;
}

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

/// The notice that record.churn was reached as of `day`.
Notice notice_of(const Record& record, std::int32_t before_bp, Day day, const ChurnParameters& p,
                 std::uint32_t version, Effects& effects) {
  const bool raised = record.churn.raised;
  const Summary s = summary_of(record);
  const std::int32_t score_bp = basis_points(p_buys(s, day, p));
  Notice notice;
  notice.type = raised ? NoticeType::churn_raised : NoticeType::churn_cleared;
  notice.rule = "churn";
  notice.rule_version = version;
  notice.before = std::int64_t{before_bp};
  notice.after = std::int64_t{score_bp};
  notice.details = {{"score_bp", std::int64_t{score_bp}},
                    {"threshold_bp", std::int64_t{raised ? p.raise_bp : p.clear_bp}},
                    {"x", s.x},
                    {"t_x_days", std::int64_t{s.t_x_days}},
                    {"T_days", std::int64_t{s.T_days(day)}},
                    {"horizon_days", std::int64_t{p.horizon_days}}};
  notice.explanation = effects.keep(explanation_of(s, raised, score_bp, day, p));
  return notice;
}

void send(Record& record, const Notice& notice, Day day, Effects& effects) {
  record.churn_notice = {member::id_of(notice, record.id), day};
  effects.notices.push_back(notice);
}

/// A late purchase: what holds on record.through, and whether what the last notice said of its day
/// holds no more.
bool recompute(Record& record, Day purchase, const ChurnParameters& p) {
  const member::Announcement& said = record.churn_notice;
  const Walked walked = walk(record, record.through, said.day, p);
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
  return static_cast<std::uint16_t>(basis_points(p_buys(seen, today, parameters)));
}

void after_purchase(Record& record, std::size_t days_before, Day day, const Cause& cause,
                    const ChurnParameters& parameters, std::uint32_t version, Effects& effects) {
  if (!parameters.enabled || record.purchase_days.size() == days_before) return;
  const Day as_of = record.through;
  check(as_of >= day, "what fell due before the purchase was announced");
  const bool raised_before = record.churn.raised;
  const bool late = day < as_of;
  bool contradicts = false;
  const Summary now = summary_of(record);
  if (late) {
    contradicts = recompute(record, day, parameters);
  } else if (turns(now, record.churn, day, parameters)) {
    record.churn = changed(record.churn, day);
  }
  record.churn.due =
      due_day(now, record.churn, late ? as_of + 1 : day, no_day, record.churn.due, parameters);
  record.churn_bp = churn_on(record, record.purchase_days.back(), parameters);
  if (record.churn.raised == raised_before) return;
  const std::int32_t before_bp =
      basis_points(p_buys(summary_without(record, day), as_of, parameters));
  Notice notice = notice_of(record, before_bp, as_of, parameters, version, effects);
  set_cause(notice, cause);
  if (late) notice.details.push_back({"reason", std::string_view{"late_event"}});
  if (contradicts) {
    notice.details.push_back({"corrects", effects.keep(text_of(record.churn_notice.id))});
  }
  send(record, notice, as_of, effects);
}

void announce(Record& record, Day today, const ChurnParameters& parameters, std::uint32_t version,
              std::int32_t utc_offset_s, Effects& effects) {
  if (!parameters.enabled) return;
  while (record.churn.due <= today) {
    const Day due = record.churn.due;
    record.churn = stepped(record, record.churn, parameters);
    record.through = std::max(record.through, due);
    const std::int32_t before_bp =
        record.churn.raised ? record.churn_bp : churn_on(record, due - 1, parameters);
    Notice notice = notice_of(record, before_bp, due, parameters, version, effects);
    notice.time = start_of(due, utc_offset_s);
    notice.cause = effects.keep("timer/churn/" + to_iso_date(due));
    notice.ordinal = record.timer_notices++;
    send(record, notice, due, effects);
  }
}

ChurnState churn_state_on(const Record& record, Day today, const ChurnParameters& parameters) {
  if (!parameters.enabled || today >= record.through) {
    return stepped_to(record, record.churn, today, parameters);
  }
  if (today >= record.churn.since) return record.churn;
  return walk(record, today, today, parameters).state;
}

}  // namespace fealty::insight
