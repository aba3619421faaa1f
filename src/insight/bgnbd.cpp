#include "fealty/insight/bgnbd.hpp"

#include <algorithm>

#include "fealty/base/math.hpp"

// BG/NBD: Fader, Hardie & Lee, "Counting your customers the easy way", Marketing Science 24(2),
// 2005.
//   lambda ~ Gamma(r, alpha); after each repeat purchase the member drops out with p ~ Beta(a, b).
//   L = B(a,b+x)/B(a,b) G(r+x) alpha^r / (G(r) (alpha+T)^(r+x))
//     + [x>0] B(a+1,b+x-1)/B(a,b) G(r+x) alpha^r / (G(r) (alpha+t_x)^(r+x))
//   P(alive) = 1 / (1 + a/(b+x-1) ((alpha+T)/(alpha+t_x))^(r+x)), 1 for x = 0
//   E[Y(t)] = P(alive) (a+b+x-1)/(a-1) [1 - ((alpha+T)/(alpha+T+t))^(r+x)
//             2F1(r+x, b+x; a+b+x-1; z)], z = t/(alpha+T+t)
// With Euler's transformation (Abramowitz & Stegun 15.3.3) the bracket becomes
//   1 - (1-z)^(a-1) 2F1(a-1, a+b-1-r; a+b+x-1; z),
// whose series is shorter, never huge, and divides by a-1 without harm.
// Given alive, lambda ~ Gamma(r+x, alpha+T), and nobody drops out before the next purchase, so
//   P(buys within H) = P(alive) (1 - ((alpha+T)/(alpha+T+H))^(r+x)).
namespace fealty::insight {
namespace {

double log_beta(double a, double b) { return lgamma(a) + lgamma(b) - lgamma(a + b); }

/// sum over k >= 1 of (a)_{k-1} (q)_k / ((c)_k k!) z^k, 0 <= z < 1.
double euler_series(double a, double q, double c, double z) {
  constexpr int terms_max = 100'000;
  double term = q / c * z;
  double sum = term;
  for (int k = 1; k < terms_max; ++k) {
    term *= (a + k - 1) * (q + k) / ((c + k) * (k + 1)) * z;
    sum += term;
    const double size = term < 0 ? -term : term;
    if (size <= 1e-17 * (sum < 0 ? -sum : sum)) break;
  }
  return sum;
}

}  // namespace

double log_likelihood(const Bgnbd& p, double x, double t_x, double T) {
  const double rate = lgamma(p.r + x) - lgamma(p.r) + p.r * log(p.alpha);
  const double dropout = lgamma(p.a + p.b) + lgamma(p.b + x) - lgamma(p.b) - lgamma(p.a + p.b + x);
  const double active = -(p.r + x) * log(p.alpha + T);
  if (x == 0) return rate + dropout + active;
  const double gone = log(p.a) - log(p.b + x - 1) - (p.r + x) * log(p.alpha + t_x);
  const double larger = std::max(active, gone), smaller = std::min(active, gone);
  return rate + dropout + larger + log1p(exp(smaller - larger));
}

double p_alive(const Bgnbd& p, double x, double t_x, double T) {
  if (x == 0) return 1.0;
  const double growth = exp((p.r + x) * log((p.alpha + T) / (p.alpha + t_x)));
  return 1.0 / (1.0 + p.a / (p.b + x - 1) * growth);
}

double expected_purchases(const Bgnbd& p, double t) {
  return expected_future_purchases(p, t, 0, 0, 0);  // A member drawn at random is one just born.
}

double expected_future_purchases(const Bgnbd& p, double t, double x, double t_x, double T) {
  const double z = t / (p.alpha + T + t);
  const double a_less_1 = p.a - 1;
  const double c = p.a + p.b + x - 1;
  const double log_rest = log1p(-z);
  const double h = a_less_1 == 0 ? log_rest : expm1(a_less_1 * log_rest) / a_less_1;
  const double g = euler_series(p.a, p.a + p.b - 1 - p.r, c, z);
  return -p_alive(p, x, t_x, T) * c * (h + g + a_less_1 * h * g);
}

double pmf(const Bgnbd& p, double t, std::uint32_t n) {
  const double log_stay = p.r * log(p.alpha / (p.alpha + t));
  const double step = t / (p.alpha + t);
  double term = exp(log_stay);  // j = 0 of G(r+j)/(G(r) j!) (alpha/(alpha+t))^r (t/(alpha+t))^j
  double below = 0;
  for (std::uint32_t j = 0; j < n; ++j) {
    below += term;
    term *= (p.r + j) / (j + 1.0) * step;
  }
  const double beta = log_beta(p.a, p.b);
  const double alive = exp(log_beta(p.a, p.b + n) - beta) * term;
  if (n == 0) return alive;
  return alive + exp(log_beta(p.a + 1, p.b + n - 1) - beta) * (1 - below);
}

double p_buys_within(const Bgnbd& p, double H, double x, double t_x, double T) {
  const double quiet = (p.r + x) * log1p(-H / (p.alpha + T + H));
  return p_alive(p, x, t_x, T) * -expm1(quiet);
}

}  // namespace fealty::insight
