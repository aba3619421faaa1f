#include "fealty/insight/outlooks.hpp"

#include "fealty/base/hash.hpp"
#include "summary.hpp"

namespace fealty::insight {

Outlook Outlooks::of(std::int64_t x, Day t_x_days, Day from_days, const ChurnParameters& p) {
  const auto days =
      static_cast<std::uint64_t>(t_x_days) << 32U | static_cast<std::uint32_t>(from_days);
  Entry& entry = table_[mix(static_cast<std::uint64_t>(x), days) % entries];
  if (entry.p != &p || entry.x != x || entry.t_x_days != t_x_days || entry.from_days != from_days) {
    const Summary s{x, t_x_days, 0};
    entry = {
        &p, x, t_x_days, from_days, {score_bp(s, from_days, p), crossing_day(s, from_days, p)}};
  }
  return entry.outlook;
}

}  // namespace fealty::insight
