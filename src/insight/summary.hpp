#pragma once

#include <algorithm>

#include "fealty/member/churn_parameters.hpp"
#include "fealty/member/record.hpp"

/// What the model knows of a member, in whole days, and its score. Pure.
namespace fealty::insight {

struct Summary {
  std::int64_t x;
  Day t_x_days, first;
  [[nodiscard]] Day T_days(Day today) const { return std::max(today - first, t_x_days); }
  [[nodiscard]] Day last() const { return first + t_x_days; }
};
Summary summary_of(const member::Record& record);
/// The same without the purchase day `day`.
Summary summary_without(const member::Record& record, Day day);

/// 1 - P(buys within the horizon) on `today`, in basis points.
std::int32_t score_bp(const Summary& s, Day today, const ChurnParameters& p);
/// The first day from `earliest` on with score >= raise_bp, no_day if none in time.
Day crossing_day(const Summary& s, Day earliest, const ChurnParameters& p);

}  // namespace fealty::insight
