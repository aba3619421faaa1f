#include "random.hpp"

#include <cmath>
#include <cstddef>

#include "fealty/base/check.hpp"
#include "fealty/base/math.hpp"

namespace fealty::generator {

double Random::exponential() { return -fealty::log(uniform()); }

// Marsaglia's polar method. std::sqrt is fixed by IEEE 754.
double Random::normal() {
  while (true) {
    const double u = 2.0 * uniform() - 1.0, v = 2.0 * uniform() - 1.0;
    const double s = u * u + v * v;
    if (s < 1.0 && s > 0.0) return u * std::sqrt(-2.0 * fealty::log(s) / s);
  }
}

// Marsaglia & Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000.
double Random::gamma(double shape) {
  check(shape > 0, "a gamma shape is positive");
  if (shape < 1.0) {
    const double scale = fealty::exp(fealty::log(uniform()) / shape);
    return gamma(shape + 1.0) * scale;
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = normal();
    const double t = 1.0 + c * x;
    if (t <= 0.0) continue;
    const double v = t * t * t;
    if (fealty::log(uniform()) < 0.5 * x * x + d - d * v + d * fealty::log(v)) return d * v;
  }
}

double Random::beta(double a, double b) {
  const double x = gamma(a), y = gamma(b);
  return x + y > 0 ? x / (x + y) : 0.5;
}

std::uint32_t Random::geometric(double p, std::uint32_t max) {
  std::uint32_t failures = 0;
  while (failures < max && !chance(p)) ++failures;
  return failures;
}

ZipfTable::ZipfTable(std::uint32_t n) : cells_(n) {
  check(n > 0, "a Zipf table needs an entry");
  double sum = 0;
  for (std::uint32_t i = n; i > 0; --i) sum += 1.0 / i;
  // Vose's construction: each small cell is filled up by a large one.
  std::vector<double> share(n);
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < n; ++i) {
    share[i] = n / (sum * (i + 1.0));
    (share[i] < 1.0 ? small : large).push_back(i);
    cells_[i].alias = i;
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t low = small.back(), high = large.back();
    small.pop_back();
    cells_[low] = {static_cast<std::uint32_t>(share[low] * 4294967295.0), high};
    share[high] -= 1.0 - share[low];
    if (share[high] < 1.0) {
      large.pop_back();
      small.push_back(high);
    }
  }
}

}  // namespace fealty::generator
