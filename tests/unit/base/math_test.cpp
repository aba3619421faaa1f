#include "fealty/base/math.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fealty/base/hash.hpp"

namespace fealty {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Counter-based uniform numbers in [0, 1): the same on every machine.
double uniform(std::uint64_t counter) {
  return static_cast<double>(mix(0x5eed, counter) >> 11U) * 0x1p-53;
}
double between(std::uint64_t counter, double low, double high) {
  return low + (high - low) * uniform(counter);
}

/// Distance of `got` from `exact` in units of the last place of `exact`.
long double ulps(double got, long double exact) {
  const double nearest = static_cast<double>(exact);
  const long double ulp = std::nextafter(std::fabs(nearest), infinity) - std::fabs(nearest);
  return std::fabs(static_cast<long double>(got) - exact) / ulp;
}

constexpr std::uint64_t draws = 200'000;

template <class Ours, class Exact>
long double worst_ulps(double low, double high, Ours ours, Exact exact) {
  long double worst = 0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double x = between(i, low, high);
    const long double off = ulps(ours(x), exact(static_cast<long double>(x)));
    if (!(off <= worst)) worst = off;
  }
  return worst;
}

TEST(Math, ExpIsWithinOneUlpOfLongDouble) {
  const auto exact = [](long double x) { return std::exp(x); };
  EXPECT_LT(worst_ulps(-700, 700, exp, exact), 1.0L);
  EXPECT_LT(worst_ulps(-1, 1, exp, exact), 1.0L);
  EXPECT_LT(worst_ulps(-1e-6, 1e-6, exp, exact), 1.0L);
}

TEST(Math, LogIsWithinOneUlpOfLongDouble) {
  const auto exact = [](long double x) { return std::log(x); };
  EXPECT_LT(worst_ulps(0.5, 2, log, exact), 1.0L);
  EXPECT_LT(worst_ulps(0.99, 1.01, log, exact), 1.0L);
  EXPECT_LT(worst_ulps(1 - 1e-9, 1 + 1e-9, log, exact), 1.0L);
  EXPECT_LT(worst_ulps(0, 1e9, log, exact), 1.0L);
  const auto of_power = [](double e) { return log(std::ldexp(1.37, static_cast<int>(e))); };
  const auto exact_of_power = [](long double e) {
    return std::log(static_cast<long double>(std::ldexp(1.37, static_cast<int>(e))));
  };
  EXPECT_LT(worst_ulps(-1022, 1023, of_power, exact_of_power), 1.0L);
}

TEST(Math, Log1pAndExpm1AreExactNearZero) {
  const auto exact_log1p = [](long double x) { return std::log1p(x); };
  const auto exact_expm1 = [](long double x) { return std::expm1(x); };
  for (const double width : {0.9, 0.3, 1e-2, 1e-5, 1e-10, 1e-17}) {
    EXPECT_LT(worst_ulps(-width, width, log1p, exact_log1p), 2.0L) << width;
    EXPECT_LT(worst_ulps(-width, width, expm1, exact_expm1), 2.0L) << width;
  }
  EXPECT_LT(worst_ulps(-50, 700, expm1, exact_expm1), 2.0L);
  EXPECT_LT(worst_ulps(-0.999999, 1e6, log1p, exact_log1p), 2.0L);
}

TEST(Math, PowStaysAccurateForLargeExponents) {
  long double worst = 0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double x = std::ldexp(between(i, 0.5, 1), static_cast<int>(between(i + draws, -40, 40)));
    const long double log_x = std::log(static_cast<long double>(x));
    const double y = between(i + 2 * draws, -690, 690) / static_cast<double>(log_x);
    const long double exact = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    const long double off = ulps(pow(x, y), exact);
    if (!(off <= worst)) worst = off;
  }
  EXPECT_LT(worst, 1.5L);
  // Where the base is close to one, only the second double of the logarithm keeps the result right.
  EXPECT_LT(ulps(pow(1 + 0x1p-30, 5e11), std::pow(1 + 0x1p-30L, 5e11L)), 1.5L);
  EXPECT_LT(ulps(pow(0.999, 200'000.0), std::pow(static_cast<long double>(0.999), 200'000.0L)),
            1.5L);
}

TEST(Math, LgammaIsWithinFourUlps) {
  const auto exact = [](long double x) { return std::lgamma(x); };
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{{1e-9, 0.5},
                                                                        {0.5, 1.5},
                                                                        {0.999, 1.001},
                                                                        {1.5, 2.5},
                                                                        {1.999, 2.001},
                                                                        {2.5, 10},
                                                                        {10, 200},
                                                                        {200, 1e6}}) {
    EXPECT_LT(worst_ulps(low, high, lgamma, exact), 4.0L) << low << ".." << high;
  }
  EXPECT_EQ(lgamma(1.0), 0.0);
  EXPECT_EQ(lgamma(2.0), 0.0);
}

TEST(Math, EdgesAreWhatTheHeaderSays) {
  EXPECT_EQ(exp(0.0), 1.0);
  EXPECT_EQ(exp(710.0), infinity);
  EXPECT_EQ(exp(-746.0), 0.0);
  EXPECT_EQ(exp(-infinity), 0.0);
  EXPECT_EQ(exp(infinity), infinity);
  EXPECT_GT(exp(-745.0), 0.0);
  EXPECT_LT(exp(709.7), infinity);
  EXPECT_NEAR(exp(709.7) / std::exp(709.7), 1.0, 1e-15);
  EXPECT_TRUE(std::isnan(exp(std::nan(""))));
  EXPECT_EQ(log(1.0), 0.0);
  EXPECT_EQ(log(0.0), -infinity);
  EXPECT_EQ(log(infinity), infinity);
  EXPECT_TRUE(std::isnan(log(-1.0)));
  EXPECT_TRUE(std::isnan(log(std::nan(""))));
  EXPECT_NEAR(log(5e-324), -744.4400719213812, 1e-12);
  EXPECT_EQ(pow(2.0, 10.0), 1024.0);
  EXPECT_EQ(pow(7.5, 0.0), 1.0);
  EXPECT_EQ(pow(1.0, infinity), 1.0);
  EXPECT_EQ(pow(2.0, 5000.0), infinity);
  EXPECT_EQ(pow(2.0, -5000.0), 0.0);
  EXPECT_EQ(pow(0.5, infinity), 0.0);
  EXPECT_EQ(pow(0.0, 2.0), 0.0);
  EXPECT_TRUE(std::isnan(pow(-1.0, 2.0)));
  EXPECT_EQ(log1p(0.0), 0.0);
  EXPECT_EQ(log1p(-1.0), -infinity);
  EXPECT_EQ(expm1(0.0), 0.0);
  EXPECT_EQ(expm1(-infinity), -1.0);
  EXPECT_EQ(expm1(infinity), infinity);
  EXPECT_TRUE(std::isnan(lgamma(-1.0)));
  EXPECT_EQ(lgamma(0.0), infinity);
}

// A hundred arguments a function, hashed: a CPU, compiler or flag that changes one bit shows here.
TEST(Math, GivesTheSameBitsOnEveryMachine) {
  std::string bytes;
  const auto put = [&bytes](double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (unsigned shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<char>((bits >> shift) & 255U));
    }
  };
  for (std::uint64_t i = 0; i < 100; ++i) {
    put(exp(between(i, -700, 700)));
    put(log(between(i, 0, 1000)));
    put(pow(between(i, 0, 10), between(i + 100, -50, 50)));
    put(lgamma(between(i, 0, 50)));
    put(log1p(between(i, -0.9, 3)));
    put(expm1(between(i, -3, 3)));
  }
  EXPECT_EQ(hash64(bytes), 0x3f52f95d6f28b907ULL);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(exp(1.0)), 0x4005bf0a8b145769ULL);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(log(10.0)), 0x40026bb1bbb55516ULL);
}

}  // namespace
}  // namespace fealty
