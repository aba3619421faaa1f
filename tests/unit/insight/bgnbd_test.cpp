#include "fealty/insight/bgnbd.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace fealty::insight {
namespace {

// Fader, Hardie & Lee 2005, fitted to CDNOW; and the same fit with seven digits (CLVTools' tests).
constexpr Bgnbd paper{0.243, 4.414, 0.793, 2.426};
constexpr Bgnbd fitted{0.2425945, 4.4136019, 0.7929199, 2.4258881};

TEST(Bgnbd, ReproducesThePublishedMember) {
  // Customer 1 of the paper's spreadsheet: x = 2, t_x = 30.43, T = 38.86 weeks.
  EXPECT_NEAR(expected_future_purchases(paper, 39, 2, 30.43, 38.86), 1.22602817477, 1e-10);
  EXPECT_NEAR(p_alive(paper, 2, 30.43, 38.86), 0.726578570081, 1e-11);
}

TEST(Bgnbd, ReproducesExpectedPurchasesOfARandomMember) {
  const std::vector<double> weeks{.1429, 1, 3, 31.8571, 32, 78};
  const std::vector<double> published{.0078, .0532, .1506, 1.0405, 1.0437, 1.8576};
  const std::vector<double> exact{.00782834751607, .0532678911717, .150865230893,
                                  1.04199606085,   1.04524332837,  1.86051905794};
  for (std::size_t i = 0; i < weeks.size(); ++i) {
    EXPECT_NEAR(expected_purchases(fitted, weeks[i]), published[i], 1e-3) << weeks[i];
    EXPECT_NEAR(expected_purchases(paper, weeks[i]), exact[i], 1e-11) << weeks[i];
  }
}

TEST(Bgnbd, ReproducesTheDistributionOfCounts) {
  EXPECT_NEAR(pmf(paper, 2, 10), 1.07868964037e-7, 1e-17);
  EXPECT_NEAR(pmf(paper, 39, 0), 0.573786352096, 1e-11);
  const std::vector<double> published{.0019995214, .0015170236, .0011633150, .0009003148,
                                      .0007023638, .0005517902, .0004361913, .0003467171,
                                      .0002769613, .0002222260};
  for (std::size_t i = 0; i < published.size(); ++i) {
    const auto n = static_cast<std::uint32_t>(11 + i);
    EXPECT_NEAR(pmf(paper, 30, n), published[i], 6e-11) << n;
  }
}

TEST(Bgnbd, CountsSumToOne) {
  double sum = 0;
  for (std::uint32_t n = 0; n < 400; ++n) sum += pmf(paper, 39, n);
  EXPECT_NEAR(sum, 1.0, 1e-9);
}

TEST(Bgnbd, ReproducesTheLikelihood) {
  const Bgnbd p{.25, 4, .80, 2.50};
  EXPECT_NEAR(log_likelihood(p, 0, 0, 40), -0.5994738182, 1e-10);
  EXPECT_NEAR(log_likelihood(p, 200, 38, 40), 100.7956930927, 1e-9);
}

TEST(Bgnbd, ExtremeMemberUnderflowsToDeadNotToNan) {
  EXPECT_EQ(p_alive(fitted, 1000, 10, 100), 0.0);
  EXPECT_EQ(p_buys_within(fitted, 13, 1000, 10, 100), 0.0);
  EXPECT_FALSE(std::isnan(log_likelihood(fitted, 1000, 10, 100)));
}

TEST(Bgnbd, ChanceToBuyOfANewMemberIsOneLessTheChanceOfNoPurchase) {
  EXPECT_NEAR(p_buys_within(paper, 39, 0, 0, 0), 1 - pmf(paper, 39, 0), 1e-14);
  EXPECT_NEAR(1 - p_buys_within(paper, 39, 0, 0, 0), 0.573786352, 1e-9);
}

TEST(Bgnbd, AliveFallsToAThresholdWhereTheClosedFormSays) {
  EXPECT_NEAR(p_alive(paper, 2, 30.43, 62.49125432229074), 0.5, 1e-13);
  EXPECT_NEAR(p_alive(paper, 2, 30.43, 93.20084277316921), 0.3, 1e-13);
}

TEST(Bgnbd, ExpectationIsRegularWhereAIsOne) {
  const auto at = [](double a) {
    return expected_future_purchases({0.243, 4.414, a, 2.426}, 39, 2, 30, 39);
  };
  EXPECT_NEAR(at(1), (at(1 - 1e-6) + at(1 + 1e-6)) / 2, 1e-10);
}

TEST(Bgnbd, ExpectationIsTheSumOfTheDistribution) {
  double mean = 0;
  for (std::uint32_t n = 1; n < 2000; ++n) mean += n * pmf(paper, 32, n);
  EXPECT_NEAR(mean, expected_purchases(paper, 32), 1e-6);
}

}  // namespace
}  // namespace fealty::insight
