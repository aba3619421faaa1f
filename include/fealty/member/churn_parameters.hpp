#pragma once

#include <cstdint>

namespace fealty {

/// How churn is scored and announced. BG/NBD parameters in weeks; the default is the maximum-likelihood
/// fit on CDNOW's sample (Fader, Hardie & Lee 2005).
struct ChurnParameters {
  bool enabled = true;
  double r = 0.243, alpha = 4.414, a = 0.793, b = 2.426;
  std::int32_t horizon_days = 91;      // H: churn = 1 - P(buys within H)
  std::int32_t raise_bp = 8500;        // announce at this score or more, basis points
  std::int32_t clear_bp = 7500;        // take back at this score or less
  std::int32_t dwell_days = 7;         // least time between two changes
  friend bool operator==(const ChurnParameters&, const ChurnParameters&) = default;
};

}  // namespace fealty
