#pragma once

#include "fealty/insight/outlooks.hpp"
#include "fealty/member/churn_parameters.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"

/// The churn score and its notices. Pure.
namespace fealty::insight {

/// churn_H in basis points (0..10000) on `today`: 1 - P(buys within H), x = purchase_days.size()
/// - 1. A member who never bought is scored as x = 0 from first_day. Never falls while a member is
/// quiet.
std::uint16_t churn_on(const member::Record& record, Day today, const ChurnParameters& parameters);

/// Call after a purchase on `day`, with the number of purchase days before it. What fell due up to
/// the day was announced before, and record.through is not before it. Where the purchase brought a
/// new day, the risk is raised or cleared with hysteresis and dwell, and the next due day is set; a
/// late one changes what followed it, and is announced where that differs today. Between purchases
/// the score follows from the day alone: churn_on() gives it to whoever asks, and the day on which
/// it crosses the threshold is known beforehand.
void after_purchase(member::Record& record, std::size_t days_before, Day day,
                    const member::Cause& cause, Outlooks& outlooks, member::Effects& effects);
/// Announces what falls due after record.through, up to and including `today`. Leaves it to
/// program::announce() to move record.through.
void announce(member::Record& record, Day today, const ChurnSeries& series,
              std::int32_t utc_offset_s, member::Effects& effects);
/// The state as it stands on `today` if nothing more happens: what a reader is shown.
member::ChurnState churn_state_on(const member::Record& record, Day today,
                                  const ChurnSeries& series);

}  // namespace fealty::insight
