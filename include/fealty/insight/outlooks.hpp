#pragma once

#include <cstdint>
#include <vector>

#include "fealty/member/churn_parameters.hpp"

namespace fealty::insight {

/// What becomes of a member who stays quiet. Days: after the first purchase.
struct Outlook {
  std::int32_t score_bp = 0;  // on the day asked about
  Day crosses = no_day;       // first day from then on with score >= raise_bp; no_day: not in time
  friend bool operator==(const Outlook&, const Outlook&) = default;
};

/// The outlooks of a churn series, some thousand of them remembered: most members come by the same
/// few on the day of a purchase. What is remembered is found by all that it follows from, compared
/// in full, so nobody can tell it from what is computed.
///
/// Owns:    the table, of a fixed size. Borrows the series.
/// Threads: one; each has its own.
class Outlooks {
 public:
  explicit Outlooks(const ChurnSeries& series) : series_{series}, table_(entries) {}

  [[nodiscard]] const ChurnSeries& series() const { return series_; }
  /// Of a member with `x` repeat purchase days, the last one t_x_days after the first, from the day
  /// from_days after the first on, not before the last purchase. `p`: in the series.
  Outlook of(std::int64_t x, Day t_x_days, Day from_days, const ChurnParameters& p);

 private:
  static constexpr std::size_t entries = 4096;
  struct Entry {
    const ChurnParameters* p = nullptr;  // nullptr: nothing is remembered here
    std::int64_t x = 0;
    Day t_x_days = 0, from_days = 0;
    Outlook outlook;
  };
  const ChurnSeries& series_;
  std::vector<Entry> table_;
};

}  // namespace fealty::insight
