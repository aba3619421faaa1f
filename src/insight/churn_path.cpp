#include "churn_path.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::insight {

using member::ChurnState;
using member::Record;

namespace {

/// The first day from `now` on on which time alone may change `state`.
Day free_from(const ChurnState& state, Day now, const ChurnParameters& p) {
  return state.since > 0 ? std::max(now, state.since + std::max(p.dwell_days, 1)) : now;
}

}  // namespace

bool held(const ChurnState& state, Day day, const ChurnParameters& p) {
  return !p.enabled || (state.since != 0 && day < state.since + p.dwell_days);
}

bool turns(const ChurnState& state, std::int32_t bp, const ChurnParameters& p) {
  return state.raised ? bp <= p.clear_bp : bp >= p.raise_bp;
}

ChurnState turned(const ChurnState& state, Day day) {
  return {.raised = !state.raised, .since = day, .due = no_day};
}

Day due_day(const Summary& s, const ChurnState& state, Day now, Day limit,
            const ChurnParameters& p) {
  if (!p.enabled) return no_day;
  const Day earliest = free_from(state, now, p);
  if (earliest > limit) return no_day;
  if (state.raised) return score_bp(s, earliest, p) <= p.clear_bp ? earliest : no_day;
  // The score never falls by itself, so the last day tells whether to search at all.
  if (limit != no_day && score_bp(s, limit, p) < p.raise_bp) return no_day;
  const Day crossing = crossing_day(s, earliest, p);
  return crossing <= limit ? crossing : no_day;
}

Day due_day(const Summary& s, const ChurnState& state, Day now, const ChurnParameters& p,
            Outlooks& outlooks) {
  if (!p.enabled) return no_day;
  const Day earliest = free_from(state, now, p);
  const Outlook ahead = outlooks.of(s.x, s.t_x_days, s.T_days(earliest), p);
  if (state.raised) return ahead.score_bp <= p.clear_bp ? earliest : no_day;
  return ahead.crosses == no_day ? no_day : s.first + ahead.crosses;
}

ChurnState advanced(const Record& record, ChurnState state, Day from, Day until,
                    const ChurnSeries& series, const Changed& changed) {
  const Summary s = summary_of(record);
  const bool bought = !record.purchase_days.empty();
  for (;;) {
    const Day others = series.next_switch(from);
    const Day next = std::min(state.due, others);
    if (next > until) return state;
    from = next;
    if (next == others) {
      const ChurnParameters& p = series.on(next).parameters;
      if (!p.enabled) state = {};
      state.due = bought ? due_day(s, state, next, no_day, p) : no_day;
    }
    if (state.due != next) continue;
    state = turned(state, next);
    state.due = due_day(s, state, next, no_day, series.on(next).parameters);
    check(state.due > next, "each turn goes forward in time");
    changed(state, next);
  }
}

Walked walk(const Record& record, Day to, Day asked, const ChurnSeries& series) {
  Walked out;
  ChurnState& state = out.state;
  Summary s{-1, 0, 0};
  const auto become = [&](const ChurnState& next, Day day) {
    state = next;
    if (day <= asked) out.raised = state.raised;
  };
  const auto wait = [&](Day from, Day until) {
    for (;;) {
      const ChurnParameters& p = series.on(from).parameters;
      const Day end = std::min(until, series.next_switch(from) - 1);
      const Day due = due_day(s, state, from, end, p);
      if (due != no_day) {
        become(turned(state, due), due);
        from = due;
      } else if (end == until) {
        return;
      } else {
        from = end + 1;
        if (!series.on(from).parameters.enabled) become({}, from);
      }
    }
  };
  for (const Day day : record.purchase_days) {
    if (day > to) break;
    if (s.x < 0) s.first = day;
    if (s.x >= 0) wait(s.last(), day);
    s = {s.x + 1, day - s.first, s.first};
    const ChurnParameters& p = series.on(day).parameters;
    if (!held(state, day, p) && turns(state, score_bp(s, day, p), p)) {
      become(turned(state, day), day);
    }
  }
  if (s.x >= 0) wait(s.last(), to);
  return out;
}

}  // namespace fealty::insight
