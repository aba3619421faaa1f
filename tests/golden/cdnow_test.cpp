// BG/NBD on CDNOW's sample, against what Fader, Hardie & Lee 2005 and the `lifetimes` package's own
// tests publish. Reads CDNOW_sample.txt from $FEALTY_TESTDATA, else from build/testdata.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/insight/bgnbd.hpp"

namespace fealty::insight {
namespace {

/// Cents by day: the purchases of one day are one transaction.
using Purchases = std::map<Day, std::int64_t>;

Day day(std::int32_t year, unsigned month, unsigned day_of_month) {
  return *day_from_civil(year, month, day_of_month);
}

std::string sample_path() {
  const char* directory = std::getenv("FEALTY_TESTDATA");
  return std::string{directory != nullptr ? directory : FEALTY_TESTDATA} + "/CDNOW_sample.txt";
}

class Cdnow : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::ifstream in{sample_path()};
    std::int64_t master = 0;
    std::int32_t member = 0, date = 0, count = 0;
    double dollars = 0;
    while (in >> master >> member >> date >> count >> dollars) {
      const Day when = day(date / 10'000, static_cast<unsigned>(date / 100 % 100),
                           static_cast<unsigned>(date % 100));
      members()[member][when] += std::llround(dollars * 100);
    }
  }
  void SetUp() override {
    if (members().empty()) {
      FAIL()
          << "no data in " << sample_path()
          << ": run tests/data/fetch_cdnow.sh, or set FEALTY_TESTDATA to a directory that holds it";
    }
  }
  static std::map<std::int32_t, Purchases>& members() {
    static std::map<std::int32_t, Purchases> all;
    return all;
  }
};

/// What BG/NBD needs of one member, in the 39 weeks to 1997-09-30.
struct Summary {
  double x = 0, t_x = 0, T = 0;
  double mean_repeat_dollars = 0;
  std::int64_t held_out = 0;  // days with a purchase in the 39 weeks after
};

std::vector<Summary> summaries(const std::map<std::int32_t, Purchases>& members) {
  const Day end = day(1997, 9, 30);
  std::vector<Summary> out;
  for (const auto& [member, purchases] : members) {
    const Day first = purchases.begin()->first;
    Summary s;
    s.T = (end - first) / 7.0;
    std::int64_t cents = 0;
    for (const auto& [when, spent] : purchases) {
      if (when > end) {
        ++s.held_out;
      } else if (when > first) {
        s.x += 1;
        s.t_x = (when - first) / 7.0;
        cents += spent;
      }
    }
    if (s.x > 0) s.mean_repeat_dollars = static_cast<double>(cents) / 100 / s.x;
    out.push_back(s);
  }
  return out;
}

TEST_F(Cdnow, SummaryOfTheSampleIsThePublishedOne) {
  const auto all = summaries(members());
  double repeats = 0, x_max = 0, T_max = 0, T_min = 1e9;
  std::int64_t buyers = 0, held_out = 0, held_out_buyers = 0;
  for (const Summary& s : all) {
    repeats += s.x;
    x_max = std::max(x_max, s.x);
    T_max = std::max(T_max, s.T);
    T_min = std::min(T_min, s.T);
    buyers += s.x > 0 ? 1 : 0;
    held_out += s.held_out;
    held_out_buyers += s.held_out > 0 ? 1 : 0;
  }
  EXPECT_EQ(all.size(), 2357U);
  EXPECT_EQ(repeats, 2457);
  EXPECT_EQ(buyers, 946);
  EXPECT_EQ(x_max, 29);
  EXPECT_NEAR(T_max, 38.857142857, 1e-8);
  EXPECT_EQ(T_min, 27.0);
  EXPECT_EQ(held_out, 1882);
  EXPECT_EQ(held_out_buyers, 684);
}

TEST_F(Cdnow, RepeatSpendIsThePublishedOne) {
  std::vector<double> means;
  for (const Summary& s : summaries(members())) {
    if (s.x > 0) means.push_back(s.mean_repeat_dollars);
  }
  std::sort(means.begin(), means.end());
  const double n = static_cast<double>(means.size());
  double sum = 0, squares = 0;
  for (const double m : means) sum += m;
  for (const double m : means) squares += (m - sum / n) * (m - sum / n);
  EXPECT_EQ(std::round(sum / n), 35);
  EXPECT_EQ(std::round(std::sqrt(squares / (n - 1))), 30);
  EXPECT_EQ(std::round(means.front()), 3);
  EXPECT_EQ(std::round((means[means.size() / 2 - 1] + means[means.size() / 2]) / 2), 27);
  EXPECT_EQ(std::round(means.back()), 300);
}

TEST_F(Cdnow, LikelihoodAtThePublishedParameters) {
  const auto all = summaries(members());
  const auto total = [&all](const Bgnbd& p) {
    double sum = 0;
    for (const Summary& s : all) sum += log_likelihood(p, s.x, s.t_x, s.T);
    return sum;
  };
  EXPECT_NEAR(total({0.243, 4.414, 0.793, 2.426}), -9582.430478013675, 1e-8);
  EXPECT_NEAR(total({0.2425945, 4.4136019, 0.7929199, 2.4258881}), -9582.429, 1e-3);
}

TEST_F(Cdnow, ExpectedPurchasesOfTheNextThirtyNineWeeks) {
  double expected = 0, mean_chance = 0;
  const auto all = summaries(members());
  const Bgnbd p{0.2425945, 4.4136020, 0.7929220, 2.4259068};
  for (const Summary& s : all) {
    expected += expected_future_purchases(p, 39, s.x, s.t_x, s.T);
    mean_chance += p_buys_within(p, 39, s.x, s.t_x, s.T);
  }
  EXPECT_NEAR(expected, 1653.41, 0.01);
  EXPECT_NEAR(mean_chance / static_cast<double>(all.size()), 0.26179, 1e-5);
}

}  // namespace
}  // namespace fealty::insight
