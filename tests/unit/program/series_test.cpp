#include "fealty/program/series.hpp"

#include <gmock/gmock.h>

#include "fixture.hpp"

namespace fealty::program::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using NT = member::NoticeType;

/// shop() with a window of 30 days, and from `day` on what `change` makes of it.
template <class Change>
std::vector<Program> shop_until(Day day, Change&& change) {
  Program first = shop();
  first.period = Period::rolling_days;
  first.rolling_days = 30;
  Program next = first;
  next.version = 4;
  next.valid_from = day;
  change(next);
  return {first, next};
}
std::string level_name_on(const Desk& desk, Day day) {
  return desk.series.on(day).levels[level_on(desk.record, day, desk.series).level].name;
}
std::vector<std::string> keys_of(const std::vector<SeriesFault>& faults) {
  std::vector<std::string> out;
  for (const SeriesFault& fault : faults) out.push_back(fault.key);
  return out;
}

TEST(Series, TheGenerationOfADayIsTheLastThatIsInForce) {
  auto generations = shop_until(100, [](Program&) {});
  generations.push_back(generations.back());
  generations.back().version = 7;
  generations.back().valid_from = 200;
  const Series series{generations};
  EXPECT_EQ(series.on(-5).version, 3U);
  EXPECT_EQ(series.on(99).version, 3U);
  EXPECT_EQ(series.on(100).version, 4U);
  EXPECT_EQ(series.at(at_day(199, 23)).version, 4U);
  EXPECT_EQ(series.on(200).version, 7U);
  EXPECT_EQ(series.next_switch(99), 100);
  EXPECT_EQ(series.next_switch(100), 200);
  EXPECT_EQ(series.next_switch(200), no_day);
  EXPECT_THAT(series.switches(50, 250), ElementsAre(100, 200));
  EXPECT_THAT(series.switches(100, 199), IsEmpty());
  EXPECT_EQ(series.of_version(7), &series.newest());
  EXPECT_EQ(series.of_version(5), nullptr);
}

TEST(Series, AProgramAloneIsInForceAlwaysAndHasItsFingerprint) {
  Program program = shop();
  program.fingerprint = 99;
  const Series series{program};
  EXPECT_EQ(series.on(-1'000'000).version, 3U);
  EXPECT_EQ(series.fingerprint(), 99U);
  EXPECT_THAT(series.switches(-1'000'000, 1'000'000), IsEmpty());
}

TEST(Series, WhatCannotBeAGenerationIsNamed) {
  EXPECT_THAT(series_faults(shop_until(100, [](Program&) {})), IsEmpty());
  const auto faults = [](auto&& change) { return keys_of(series_faults(shop_until(100, change))); };
  EXPECT_THAT(faults([](Program& p) { p.id = "other"; }), ElementsAre("program.id"));
  EXPECT_THAT(faults([](Program& p) { p.currency = *Currency::from_code("EUR"); }),
              ElementsAre("program.currency"));
  EXPECT_THAT(faults([](Program& p) { p.utc_offset_s = 3600; }), ElementsAre("program.utc_offset"));
  EXPECT_THAT(faults([](Program& p) { p.metric = Metric::orders; }), ElementsAre("levels.metric"));
  EXPECT_THAT(faults([](Program& p) { p.rolling_days = 31; }), ElementsAre("levels.period"));
  EXPECT_THAT(faults([](Program& p) { p.version = 3; }), ElementsAre("program.version"));
  EXPECT_THAT(faults([](Program& p) { p.valid_from = always; }), ElementsAre("program.valid_from"));
  auto twice = shop_until(100, [](Program&) {});
  twice.push_back(twice.back());
  EXPECT_THAT(keys_of(series_faults(twice)), ElementsAre("program.valid_from", "program.version"));
  twice.erase(twice.begin());
  twice.pop_back();
  EXPECT_THAT(keys_of(series_faults(twice)), ElementsAre("program.valid_from"));
}

TEST(Series, AnEventIsJudgedByTheGenerationOfItsOwnTimeHoweverLateItComes) {
  Desk desk{shop_until(100, [](Program& p) { p.rules[0].f.beta = {3, 1}; })};
  desk.buy("a", 99, 10'00);
  EXPECT_EQ(desk.ledger.back().points, 10);
  EXPECT_EQ(desk.ledger.back().rule_version, 3U);
  desk.buy("b", 100, 10'00);
  EXPECT_EQ(desk.ledger.back().points, 30);
  EXPECT_EQ(desk.ledger.back().rule_version, 4U);
  desk.buy("c", 98, 10'00);
  EXPECT_EQ(desk.ledger.back().points, 10);
}

TEST(Series, ARefundGivesBackByTheRulesOfItsOrder) {
  // Given an order at 1 point, and 5 points for each full 4 dollars from day 100 on.
  Desk desk{shop_until(100, [](Program& p) {
    p.rules[0] = rule("base", event::Type::purchase, Field::total, step({4, 1}, {5, 1}));
  })};
  desk.buy("old", 90, 10'00);
  desk.buy("new", 110, 10'00);
  EXPECT_EQ(desk.record.balance, 10 + 10);
  // When 3 dollars of each come back after it, each is worth what its own rules give for 7.
  desk.refund("old", 120, 3'00);
  EXPECT_EQ(desk.ledger.back().points, -3);
  EXPECT_EQ(desk.ledger.back().rule_version, 4U);
  desk.refund("new", 120, 3'00);
  EXPECT_EQ(desk.ledger.back().points, -5);
}

TEST(Series, AHigherThresholdStartsTheGraceOnItsFirstDay) {
  Desk desk{shop_until(20, [](Program& p) {
    p.levels[1].from = 150;
    p.grace_days = 5;
  })};
  desk.buy("a", 10, 100'00);
  desk.tick(24);
  EXPECT_THAT(desk.announced(), IsEmpty());
  EXPECT_EQ(level_name_on(desk, 24), "silver");
  desk.tick(25);
  ASSERT_THAT(desk.announced(), ElementsAre(NT::tier_downgraded));
  EXPECT_EQ(desk.effects.notices[0].rule_version, 4U);
  EXPECT_EQ(desk.effects.notices[0].cause, "timer/tier/1970-01-26");
}

TEST(Series, ALowerThresholdLiftsOnItsFirstDay) {
  Desk desk{shop_until(20, [](Program& p) { p.levels[2].from = 120; })};
  desk.buy("a", 10, 130'00);
  EXPECT_EQ(desk.level_change(), "bronze>silver");
  desk.tick(19);
  EXPECT_THAT(desk.announced(), IsEmpty());
  desk.tick(20);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::tier_upgraded));
  EXPECT_EQ(desk.level_change(), "silver>gold");
  EXPECT_EQ(desk.record.level.since, 20);
}

TEST(Series, LevelsAreMatchedByNameAndOneThatIsGoneFallsWithoutGrace) {
  const auto change = [](Program& p) {
    p.grace_days = 9;
    p.levels = {{"basic", 0, {1, 1}}, {"copper", 40, {1, 1}}, {"silver", 90, {1, 1}}};
  };
  Desk silver{shop_until(20, change)}, gold{shop_until(20, change)}, bronze{shop_until(20, change)};
  silver.buy("a", 10, 100'00);
  gold.buy("a", 10, 300'00);
  bronze.buy("a", 10, 10'00);
  for (Desk* desk : {&silver, &gold, &bronze}) desk->tick(20);
  // One more level below it moves nobody, and nobody is told that the lowest has another name.
  EXPECT_THAT(silver.announced(), IsEmpty());
  EXPECT_EQ(level_name_on(silver, 20), "silver");
  EXPECT_EQ(silver.record.level.since, 10);
  EXPECT_THAT(bronze.announced(), IsEmpty());
  EXPECT_EQ(level_name_on(bronze, 20), "basic");
  EXPECT_EQ(bronze.record.level.since, 0);
  // Gold is gone: down to what is qualified for, on the day itself.
  EXPECT_THAT(gold.announced(), ElementsAre(NT::tier_downgraded));
  EXPECT_EQ(gold.level_change(), "gold>silver");
  EXPECT_EQ(gold.record.level.since, 20);
}

TEST(Series, ALatePurchaseOfBeforeTheSwitchIsWorthWhatItWouldHaveBeen) {
  const auto generations = shop_until(20, [](Program& p) { p.levels[1].from = 50; });
  Desk in_order{generations}, late{generations};
  in_order.buy("a", 10, 60'00);
  in_order.tick(25);
  EXPECT_EQ(in_order.level_change(), "bronze>silver");
  late.touch(5);
  late.tick(25);
  late.buy("a", 10, 60'00);
  EXPECT_EQ(late.level_change(), "bronze>silver");
  EXPECT_EQ(late.record.level, in_order.record.level);
  EXPECT_EQ(late.record.level.since, 20);
}

}  // namespace
}  // namespace fealty::program::testing
