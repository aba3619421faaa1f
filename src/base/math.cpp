#include "fealty/base/math.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "math_tables.hpp"

// How it works. exp: x = k ln2/32 + r, 2^(k/32) from a table in two doubles, e^r by its Taylor
// series. log: m c = 1 + r with c of nine bits, so that r is exact in two doubles, -ln c from a
// table, ln(1+r) by its Taylor series. Sums and products carried in two doubles are Knuth's TwoSum
// and Dekker's product (Numerische Mathematik 18, 1971), which need no FMA. Needs
// -ffp-contract=off.
namespace fealty {
namespace {

using math_tables::ExpRow;
using math_tables::LogRow;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A number carried in two doubles: hi + lo, |lo| at most half an ulp of hi.
struct Pair {
  double hi, lo;
};

constexpr Pair two_sum(double a, double b) {
  const double sum = a + b;
  const double b_seen = sum - a;
  return {sum, (a - (sum - b_seen)) + (b - b_seen)};
}

/// The upper 26 bits of `a`.
double upper_half(double a) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(a) & 0xfffffffff8000000ULL);
}

Pair two_product(double a, double b) {
  const double product = a * b;
  const double a_hi = upper_half(a), b_hi = upper_half(b);
  const double a_lo = a - a_hi, b_lo = b - b_hi;
  return {product, ((a_hi * b_hi - product) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
}

/// 2^k for -1022 <= k <= 1023.
double power_of_two(int k) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52U);
}

/// x = 2^k m, found from x's bits; then ln x = k ln2 - ln c + ln(1 + r), r = r_hi + r_lo exactly.
struct LogSplit {
  double k;
  const LogRow* row;
  double r_hi, r_lo;
};

/// Precondition: x positive and finite.
LogSplit split_for_log(double x) {
  auto bits = std::bit_cast<std::uint64_t>(x);
  int k = 0;
  if (bits < (std::uint64_t{1} << 52U)) {  // subnormal
    bits = std::bit_cast<std::uint64_t>(x * 0x1p54);
    k = -54;
  }
  const auto index = static_cast<std::size_t>((bits >> 45U) & 127U);
  const int halved = static_cast<int>(index) >= math_tables::log_first_halved ? 1 : 0;
  k += static_cast<int>(bits >> 52U) - 1023 + halved;
  const std::uint64_t exponent = static_cast<std::uint64_t>(1023 - halved) << 52U;
  const double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | exponent);
  const LogRow& row = math_tables::log_rows[index];
  const double m_hi = upper_half(m);
  return {static_cast<double>(k), &row, m_hi * row.c - 1.0, (m - m_hi) * row.c};
}

/// ln x to about 66 bits. Precondition: x positive and finite.
Pair log_pair(double x) {
  const LogSplit s = split_for_log(x);
  const Pair r = two_sum(s.r_hi, s.r_lo);
  const Pair square = two_product(r.hi, r.hi);
  const double rh = r.hi, r2 = square.hi;
  const double odd = 1.0 / 3 + r2 * (1.0 / 5 + r2 * (1.0 / 7 + r2 * (1.0 / 9 + r2 * (1.0 / 11))));
  const double even = 1.0 / 4 + r2 * (1.0 / 6 + r2 * (1.0 / 8 + r2 * (1.0 / 10)));
  const double tail = rh * r2 * (odd - rh * even);
  // Largest first: k ln2_hi + row.hi is exact, both are multiples of 2^-42.
  const Pair a = two_sum(s.k * math_tables::ln2_hi + s.row->hi, rh);
  const Pair b = two_sum(a.hi, -0.5 * r2);
  const double rest = (a.lo + b.lo) + (tail + (s.k * math_tables::ln2_lo + s.row->lo) +
                                       (r.lo - rh * r.lo - 0.5 * square.lo));
  const double hi = b.hi + rest;
  return {hi, rest - (hi - b.hi)};
}

/// e^(hi + lo) = 2^exponent * (row + factor), factor small. Precondition: |hi| < 800.
struct ExpSplit {
  const ExpRow* row;
  double factor;
  int exponent;
};
ExpSplit split_for_exp(double hi, double lo) {
  const double scaled = hi * math_tables::exp_steps;
  const int n = static_cast<int>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double n_real = static_cast<double>(n);
  const double r =
      (hi - n_real * math_tables::exp_step_hi) - n_real * math_tables::exp_step_lo + lo;
  const double r2 = r * r;
  const double expm1_r =
      r + r2 * (0.5 + r * (1.0 / 6) + r2 * (1.0 / 24 + r * (1.0 / 120) + r2 * (1.0 / 720)));
  const ExpRow& row = math_tables::exp_rows[static_cast<std::size_t>(n) & 31U];
  return {&row, row.lo + row.hi * expm1_r, n >> 5};
}

double exp_of_pair(double hi, double lo) {
  if (!(hi < 709.8)) return hi != hi ? hi : infinity;
  if (hi < -746.0) return 0.0;
  const ExpSplit s = split_for_exp(hi, lo);
  const double value = s.row->hi + s.factor;
  if (s.exponent > -1022 && s.exponent < 1023) return value * power_of_two(s.exponent);
  const int first = s.exponent / 2;
  return value * power_of_two(first) * power_of_two(s.exponent - first);
}

/// sum of coefficients[i] x^i, i < N.
template <class Coefficients>
double horner(const Coefficients& coefficients, double x) {
  double sum = 0.0;
  for (auto at = coefficients.rbegin(); at != coefficients.rend(); ++at) sum = sum * x + *at;
  return sum;
}

/// ln Gamma(2 + z), |z| <= 1/2: Taylor series, Abramowitz & Stegun 6.1.33.
double lgamma_near_2(double z) { return z * horner(math_tables::lgamma_at_2, z); }

/// ln Gamma(x), 1/2 <= x < 3/2, as ln Gamma(1 + x) - ln x: the leading terms in two doubles,
/// because the difference is smaller than either.
double lgamma_near_1(double x) {
  const double z = x - 1.0;
  const Pair first = two_product(z, math_tables::lgamma_at_2[0]);
  const Pair log_x = log_pair(x);
  const double rest = z * z * horner(std::span{math_tables::lgamma_at_2}.subspan(1), z);
  return (first.hi - log_x.hi) + (rest + (first.lo - log_x.lo));
}

/// Stirling's series, Abramowitz & Stegun 6.1.41; x >= 10.
double lgamma_large(double x) {
  static constexpr std::array<double, 7> terms{
      1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360.0, 1.0 / 156};
  const double inverse = 1.0 / x;
  const double correction = inverse * horner(terms, inverse * inverse);
  const Pair log_x = log_pair(x);
  const double main = (x - 0.5) * ((log_x.hi - 1.0) + log_x.lo);
  return main + (math_tables::half_ln_2pi_less_half + correction);
}

}  // namespace

double exp(double x) { return exp_of_pair(x, 0.0); }

double log(double x) {
  if (!(x > 0.0)) return x == 0.0 ? -infinity : not_a_number;
  if (x == infinity) return x;
  const LogSplit s = split_for_log(x);
  const double r = s.r_hi + s.r_lo, r2 = r * r;
  const double odd = 1.0 / 3 + r2 * (1.0 / 5 + r2 * (1.0 / 7 + r2 * (1.0 / 9)));
  const double even = 1.0 / 2 + r2 * (1.0 / 4 + r2 * (1.0 / 6 + r2 * (1.0 / 8)));
  const Pair sum = two_sum(s.k * math_tables::ln2_hi + s.row->hi, r);
  const double rest = s.k * math_tables::ln2_lo + s.row->lo + ((s.r_hi - r) + s.r_lo);
  return sum.hi + (sum.lo + (rest + r2 * (r * odd - even)));
}

double pow(double x, double y) {
  if (y == 0.0 || x == 1.0) return 1.0;
  if (!(x >= 0.0) || y != y) return not_a_number;
  if (x == 0.0) return y > 0 ? 0.0 : infinity;
  if (x == infinity) return y > 0 ? infinity : 0.0;
  const Pair log_x = log_pair(x);
  const double product = y * log_x.hi;
  if (product > 710.0) return infinity;
  if (product < -746.0) return 0.0;
  const Pair exact = two_product(y, log_x.hi);
  return exp_of_pair(exact.hi, exact.lo + y * log_x.lo);
}

double log1p(double x) {
  if (!(x > -1.0)) return x == -1.0 ? -infinity : not_a_number;
  if (x < 0x1p-54 && x > -0x1p-54) return x;
  if (x > 0x1p60) return log(x);
  const Pair sum = two_sum(1.0, x);
  return log(sum.hi) + sum.lo / sum.hi;
}

double expm1(double x) {
  if (x > 40.0 || x != x) return exp(x);
  if (x < -40.0) return -1.0;
  if (x > -0.25 && x < 0.25) {
    if (x < 0x1p-54 && x > -0x1p-54) return x;
    double sum = 0.0, factor = 1.0 / 87178291200.0;  // 1/14!
    for (int n = 14; n >= 2; --n) {
      sum = sum * x + factor;
      factor *= n;
    }
    return x + x * x * sum;
  }
  const ExpSplit s = split_for_exp(x, 0.0);
  const double scale = power_of_two(s.exponent);
  return (scale * s.row->hi - 1.0) + scale * s.factor;
}

double lgamma(double x) {
  if (!(x > 0.0)) return x == 0.0 ? infinity : not_a_number;
  if (x == infinity) return x;
  if (x >= 10.0) return lgamma_large(x);
  if (x < 0.5) return (lgamma_near_2(x) - log1p(x)) - log(x);
  if (x < 1.5) return lgamma_near_1(x);
  double product = 1.0;
  double y = x;
  while (y >= 2.5) {
    y -= 1.0;
    product *= y;
  }
  return lgamma_near_2(y - 2.0) + (product > 1.0 ? log(product) : 0.0);
}

}  // namespace fealty
