#include "summary.hpp"

#include <algorithm>

#include "fealty/base/math.hpp"
#include "fealty/insight/bgnbd.hpp"

namespace fealty::insight {
namespace {

constexpr Day search_days =
    7305;  // 20 years after the last purchase: later crossings are never due

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

}  // namespace

Summary summary_of(const member::Record& record) {
  if (record.purchase_days.empty()) return {0, 0, record.first_day};
  const Day first = record.purchase_days.front();
  return {static_cast<std::int64_t>(record.purchase_days.size()) - 1,
          record.purchase_days.back() - first, first};
}

Summary summary_without(const member::Record& record, Day day) {
  const auto& days = record.purchase_days;
  if (days.size() < 2) return {0, 0, record.first_day};
  const Day first = days.front() == day ? days[1] : days.front();
  const Day last = days.back() == day ? days[days.size() - 2] : days.back();
  return {static_cast<std::int64_t>(days.size()) - 2, last - first, first};
}

std::int32_t score_bp(const Summary& s, Day today, const ChurnParameters& p) {
  return basis_points(p_buys(s, today, p));
}

Day crossing_day(const Summary& s, Day earliest, const ChurnParameters& p) {
  constexpr int newton_steps_max = 10;  // then halve: the curve may be flat where Newton crawls
  const double target = 1.0 - (static_cast<double>(p.raise_bp) - 0.5) / 10'000.0;
  const Day limit = std::max(s.first + s.t_x_days + search_days, earliest);
  Day low = earliest - 1, high = limit + 1;  // score(low) < raise_bp <= score(high), once evaluated
  Day day = day_between(s, first_guess(s, target, p), low, high);
  for (int step = 0; high - low > 1; ++step) {
    const double buys = p_buys(s, day, p);
    (basis_points(buys) >= p.raise_bp ? high : low) = day;
    if (high - low <= 1) break;
    day = step < newton_steps_max ? day_between(s, newton_step(s, day, buys, target, p), low, high)
                                  : low + (high - low) / 2;
  }
  return high > limit ? no_day : high;
}

}  // namespace fealty::insight
