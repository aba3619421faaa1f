#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fealty/base/check.hpp"
#include "fealty/base/time.hpp"

namespace fealty {

/// How churn is scored and announced. BG/NBD parameters in weeks; the default is the
/// maximum-likelihood fit on CDNOW's sample (Fader, Hardie & Lee 2005).
struct ChurnParameters {
  bool enabled = true;
  double r = 0.243, alpha = 4.414, a = 0.793, b = 2.426;
  std::int32_t horizon_days = 91;  // H: churn = 1 - P(buys within H)
  std::int32_t raise_bp = 8500;    // announce at this score or more, basis points
  std::int32_t clear_bp = 7500;    // take back at this score or less
  std::int32_t dwell_days = 7;     // least time between two changes
  friend bool operator==(const ChurnParameters&, const ChurnParameters&) = default;
};

/// The parameters in force from a day on.
struct ChurnGeneration {
  Day from = -no_day;
  std::uint32_t version = 0;  // of the program, for notices
  ChurnParameters parameters{};
};

/// The parameters of each day. Immutable.
class ChurnSeries {
 public:
  ChurnSeries() : ChurnSeries{std::vector<ChurnGeneration>(1)} {}
  /// Ascending by day; at least one.
  explicit ChurnSeries(std::vector<ChurnGeneration> generations)
      : generations_{std::move(generations)} {
    check(!generations_.empty(), "some parameters are in force");
    for (const ChurnGeneration& one : generations_) {
      any_enabled_ = any_enabled_ || one.parameters.enabled;
    }
  }

  [[nodiscard]] const ChurnGeneration& on(Day day) const {
    std::size_t i = generations_.size() - 1;
    while (i > 0 && generations_[i].from > day) --i;
    return generations_[i];
  }
  /// The first day after `day` on which others come into force; no_day = none.
  [[nodiscard]] Day next_switch(Day day) const {
    for (std::size_t i = 1; i < generations_.size(); ++i) {
      if (generations_[i].from > day) return generations_[i].from;
    }
    return no_day;
  }
  [[nodiscard]] bool any_enabled() const { return any_enabled_; }

 private:
  std::vector<ChurnGeneration> generations_;
  bool any_enabled_ = false;
};

}  // namespace fealty
