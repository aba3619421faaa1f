#include "churn_path.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::insight {

using member::ChurnState;
using member::Record;

bool turns(const Summary& s, const ChurnState& state, Day day, const ChurnParameters& p) {
  if (!p.enabled || (state.since != 0 && day < state.since + p.dwell_days)) return false;
  const std::int32_t bp = score_bp(s, day, p);
  return state.raised ? bp <= p.clear_bp : bp >= p.raise_bp;
}

ChurnState turned(const ChurnState& state, Day day) {
  return {.raised = !state.raised, .since = day, .due = no_day};
}

Day due_day(const Summary& s, const ChurnState& state, Day now, Day limit, Day hint,
            const ChurnParameters& p) {
  if (!p.enabled) return no_day;
  const Day held_until = state.since > 0 ? state.since + std::max(p.dwell_days, 1) : now;
  const Day earliest = std::max(now, held_until);
  if (earliest > limit) return no_day;
  if (state.raised) return score_bp(s, earliest, p) <= p.clear_bp ? earliest : no_day;
  // The score never falls by itself, so the last day tells whether to search at all.
  if (limit != no_day && score_bp(s, limit, p) < p.raise_bp) return no_day;
  const Day crossing = crossing_day(s, earliest, hint, p);
  return crossing <= limit ? crossing : no_day;
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
      const Day hint = state.due;
      if (!p.enabled) state = {};
      state.due = bought ? due_day(s, state, next, no_day, hint, p) : no_day;
    }
    if (state.due != next) continue;
    state = turned(state, next);
    state.due = due_day(s, state, next, no_day, no_day, series.on(next).parameters);
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
      const Day due = due_day(s, state, from, end, no_day, p);
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
    if (turns(s, state, day, series.on(day).parameters)) become(turned(state, day), day);
  }
  if (s.x >= 0) wait(s.last(), to);
  return out;
}

}  // namespace fealty::insight
