#include "fealty/insight/outlooks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "fealty/insight/churn.hpp"

namespace fealty::insight {
namespace {

/// A patient generation, and from day 20,000 on a strict one with another horizon.
ChurnSeries two_generations() {
  ChurnParameters patient, strict;
  patient.raise_bp = 9000;
  strict.raise_bp = 7000;
  strict.horizon_days = 30;
  return ChurnSeries{{{.version = 1, .parameters = patient},
                      {.from = 20'000, .version = 2, .parameters = strict}}};
}

/// Calls `with` for a few thousand summaries, more than are remembered, each several times.
template <class With>
void for_many(const With& with) {
  for (int pass = 0; pass < 2; ++pass) {
    for (std::int64_t x = 0; x < 40; ++x) {
      for (Day t_x = static_cast<Day>(x); t_x < 400; t_x += x == 0 ? 400 : 7) {
        for (const Day quiet : {0, 1, 40}) with(x, t_x, t_x + quiet);
      }
    }
  }
}

TEST(Outlooks, WhatIsRememberedIsWhatIsComputed) {
  // Given one that remembers, through members and generations that take turns,
  const ChurnSeries series = two_generations();
  Outlooks remembering{series};
  std::size_t seen = 0;
  for_many([&](std::int64_t x, Day t_x, Day from) {
    for (const Day day : {10'000, 20'000, 10'000}) {
      const ChurnParameters& p = series.on(day).parameters;
      const Outlook got = remembering.of(x, t_x, from, p);
      // then each outlook is that of one asked for the first time.
      if (++seen % 16 != 0) continue;
      ASSERT_EQ(got, Outlooks{series}.of(x, t_x, from, p)) << x << ' ' << t_x << ' ' << from;
    }
  });
  EXPECT_GT(seen, 20'000U);
}

TEST(Outlooks, TellsTheScoreOfTheDayAndTheFirstDayThatCrosses) {
  const ChurnSeries series = two_generations();
  const ChurnParameters& p = series.on(20'000).parameters;
  Outlooks outlooks{series};
  int crossing = 0;
  for_many([&](std::int64_t x, Day t_x, Day from) {
    member::Record record;
    for (std::int64_t i = 0; i < x; ++i) record.purchase_days.push_back(static_cast<Day>(i));
    record.purchase_days.push_back(t_x);
    const Outlook got = outlooks.of(x, t_x, from, p);
    ASSERT_EQ(got.score_bp, churn_on(record, from, p));
    if (got.crosses == no_day) return;
    ++crossing;
    ASSERT_GE(got.crosses, from);
    ASSERT_GE(churn_on(record, got.crosses, p), p.raise_bp);
    if (got.crosses == from) return;
    ASSERT_LT(churn_on(record, got.crosses - 1, p), p.raise_bp);
  });
  EXPECT_GT(crossing, 1000);
}

}  // namespace
}  // namespace fealty::insight
