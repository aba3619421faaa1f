#include <gmock/gmock.h>

#include "fixture.hpp"

namespace fealty::program::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using NT = member::NoticeType;

Program rolling(std::int32_t days, std::int32_t grace = 0) {
  Program program = shop();
  program.period = Period::rolling_days;
  program.rolling_days = days;
  program.grace_days = grace;
  return program;
}
Program yearly(std::int32_t grace = 0) {
  Program program = shop();
  program.period = Period::calendar_year;
  program.grace_days = grace;
  return program;
}
std::string level_name_on(const Desk& desk, Day day) {
  return desk.series.on(day).levels[level_on(desk.record, day, desk.series).level].name;
}

TEST(Levels, ReachingAThresholdLiftsAtOnceOverSeveralLevelsWithOneNotice) {
  Desk desk{shop()};
  desk.buy("a", 1, 99'00);
  EXPECT_EQ(desk.level_change(), "");
  desk.buy("b", 2, 250'00);
  EXPECT_EQ(desk.level_change(), "bronze>gold");
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_earned, NT::tier_upgraded));
  EXPECT_EQ(desk.record.level.since, 2);
}

TEST(Levels, LifetimeNeverFallsByTime) {
  Desk desk{shop()};
  desk.buy("a", 1, 100'00);
  EXPECT_EQ(desk.record.due(), no_day);
  EXPECT_EQ(level_name_on(desk, 40'000), "silver");
}

TEST(Levels, RollingFallsOnTheDayOnWhichThePointsLeaveTheWindow) {
  // Given silver by points of day 10 and day 20, window 30 days.
  Desk desk{rolling(30)};
  desk.buy("a", 10, 60'00);
  desk.buy("b", 20, 50'00);
  EXPECT_EQ(desk.level_change(), "bronze>silver");

  // Then day 10's points leave on day 40, and the level falls then.
  EXPECT_EQ(desk.record.due(), 40);
  EXPECT_EQ(level_name_on(desk, 39), "silver");
  EXPECT_EQ(level_name_on(desk, 40), "bronze");
  EXPECT_EQ(qualifying_on(desk.record, 39, desk.series), 110);
  EXPECT_EQ(qualifying_on(desk.record, 40, desk.series), 50);

  // And the clock announces it once, at the start of that day.
  desk.tick(39);
  EXPECT_THAT(desk.announced(), IsEmpty());
  desk.tick(45);
  ASSERT_THAT(desk.announced(), ElementsAre(NT::tier_downgraded));
  EXPECT_EQ(desk.effects.notices[0].cause, "timer/tier/1970-02-10");
  EXPECT_EQ(desk.effects.notices[0].time, start_of(40));
  desk.tick(60);
  EXPECT_THAT(desk.announced(), IsEmpty());
}

TEST(Levels, GraceDelaysTheFallAndAPurchaseInGraceKeepsTheLevel) {
  Desk desk{rolling(30, 10)};
  desk.buy("a", 10, 100'00);
  EXPECT_EQ(desk.record.due(), 50);
  desk.buy("b", 45, 100'00);
  EXPECT_EQ(desk.level_change(), "");
  EXPECT_EQ(level_name_on(desk, 60), "silver");
  EXPECT_EQ(desk.record.due(), 85);
}

TEST(Levels, AYearHoldsToTheEndOfTheNext) {
  // Given silver by a purchase in 1970.
  Desk desk{yearly()};
  desk.buy("a", 100, 100'00);
  EXPECT_EQ(desk.record.due(), first_day_of(1972));

  // When 1971 brings less than needed, then the level falls at its end.
  desk.buy("b", first_day_of(1971) + 5, 50'00);
  EXPECT_EQ(level_name_on(desk, first_day_of(1972) - 1), "silver");
  EXPECT_EQ(level_name_on(desk, first_day_of(1972)), "bronze");
}

TEST(Levels, ToQualifiedFallsAllTheWayOneStepOneLevelNoneNever) {
  Program program = rolling(30);
  for (const auto& [mode, after] :
       {std::pair{Downgrade::to_qualified, "bronze"}, std::pair{Downgrade::one_step, "silver"},
        std::pair{Downgrade::none, "gold"}}) {
    program.downgrade = mode;
    Desk desk{program};
    desk.buy("a", 10, 300'00);
    EXPECT_EQ(level_name_on(desk, 40), after);
  }
}

TEST(Levels, OneStepGoesOnStepByStep) {
  Program program = rolling(30, 5);
  program.downgrade = Downgrade::one_step;
  Desk desk{program};
  desk.buy("a", 10, 300'00);
  EXPECT_EQ(level_name_on(desk, 45), "silver");
  EXPECT_EQ(level_name_on(desk, 49), "silver");
  EXPECT_EQ(level_name_on(desk, 50), "bronze");
  desk.tick(100);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::tier_downgraded, NT::tier_downgraded));
}

TEST(Levels, ADowngradeThatFellDueIsAnnouncedBeforeTheEventThatFollows) {
  Desk desk{rolling(30)};
  desk.buy("a", 10, 100'00);
  desk.buy("b", 60, 100'00);
  EXPECT_THAT(desk.announced(),
              ElementsAre(NT::tier_downgraded, NT::points_earned, NT::tier_upgraded));
}

TEST(Levels, ALatePurchaseCountsInThePeriodOfItsTime) {
  // Given a year that missed silver.
  Desk desk{yearly()};
  desk.buy("a", 100, 90'00);
  desk.buy("b", first_day_of(1971) + 5, 10'00);
  EXPECT_EQ(desk.level_change(), "");

  // When a purchase of that year arrives late, then the level is reached, until the end of the
  // next.
  desk.buy("c", 200, 10'00);
  EXPECT_EQ(desk.level_change(), "bronze>silver");
  EXPECT_EQ(desk.record.due(), first_day_of(1972));
}

TEST(Levels, LateEventsThatBringNothingAnnounceNothing) {
  // Given silver by a purchase of 2023 that was announced as fallen on 1 January 2025.
  Desk desk{yearly()};
  const Day year_2025 = first_day_of(2025);
  desk.buy("a", first_day_of(2023) + 120, 100'00);
  desk.tick(year_2025 + 3);
  ASSERT_EQ(desk.level_change(), "silver>bronze");

  // When three logins of the days before arrive late, then nothing has changed.
  const member::LevelState level = desk.record.level;
  for (const Day late : {2, 1, 1}) {
    desk.touch(year_2025 - late, event::Type::login);
    EXPECT_THAT(desk.announced(), IsEmpty());
  }
  desk.tick(year_2025 + 3);
  EXPECT_THAT(desk.announced(), IsEmpty());
  EXPECT_EQ(desk.record.level, level);
}

TEST(Levels, APurchaseThatArrivesAfterItsLevelFellLeavesTheSameLevel) {
  // Given points of day 0 that leave on day 30, and grace to day 60.
  Desk in_order{rolling(30, 30)}, late{rolling(30, 30)};
  in_order.buy("a", 0, 100'00);
  in_order.touch(45);
  in_order.touch(46);
  late.touch(45);
  late.buy("a", 0, 100'00);
  EXPECT_EQ(late.level_change(), "bronze>silver");
  late.touch(46);
  EXPECT_EQ(late.record.level, in_order.record.level);
  EXPECT_EQ(in_order.record.level.since, 0);
  EXPECT_EQ(in_order.record.due(), 60);
}

TEST(Levels, ALatePurchaseThatKeepsALevelCorrectsTheNoticeOfItsFall) {
  // Given a downgrade of day 40 that the clock has announced.
  Desk desk{rolling(30)};
  desk.buy("a", 10, 100'00);
  desk.tick(50);
  ASSERT_EQ(desk.level_change(), "silver>bronze");
  const std::string fall = desk.notice_id(desk.effects.notices[0]);

  // When a purchase of day 35 arrives, then the fall is taken back by name.
  desk.buy("b", 35, 100'00);
  ASSERT_THAT(desk.announced(), ElementsAre(NT::points_earned, NT::tier_corrected));
  const member::Notice& correction = desk.effects.notices[1];
  EXPECT_EQ(desk.level_change(), "bronze>silver");
  EXPECT_EQ(desk.detail(correction, "reason"), "late_event");
  EXPECT_EQ(desk.detail(correction, "corrects"), fall);
  EXPECT_EQ(desk.record.due(), 65);

  // And the next correction names this one.
  const std::string id = desk.notice_id(correction);
  desk.refund("b", 41);
  EXPECT_EQ(desk.level_change(), "silver>bronze");
  EXPECT_EQ(desk.detail(desk.effects.notices.back(), "reason"), "refund");
  EXPECT_EQ(desk.detail(desk.effects.notices.back(), "corrects"), id);
}

TEST(Levels, ALatePurchaseThatLiftsWithoutContradictingIsAnUpgrade) {
  Desk desk{rolling(30)};
  desk.buy("a", 10, 100'00);
  desk.touch(20);
  desk.buy("b", 15, 200'00);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_earned, NT::tier_upgraded));
  EXPECT_EQ(desk.level_change(), "silver>gold");
  EXPECT_EQ(desk.record.level.since, 15);
}

TEST(Levels, ALateRefundCountsFromItsOwnDay) {
  // Given silver of day 10 and again enough on day 20.
  Desk desk{rolling(100)};
  desk.buy("a", 10, 100'00);
  desk.buy("b", 20, 100'00);
  // When a refund of day 12 arrives, the level was lost on day 12 and won again on day 20.
  desk.refund("a", 12);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_reversed));
  EXPECT_EQ(desk.record.level.since, 20);
  EXPECT_EQ(level_name_on(desk, 11), "silver");
  EXPECT_EQ(level_name_on(desk, 12), "bronze");
  EXPECT_EQ(level_name_on(desk, 20), "silver");
}

TEST(Levels, AnEventEarnsWithTheLevelOfItsOwnDay) {
  Program program = rolling(30);
  program.levels[1].multiplier = {2, 1};
  Desk desk{program};
  desk.buy("a", 10, 100'00);
  desk.touch(60);
  desk.buy("b", 39, 10'00);
  EXPECT_EQ(desk.ledger.back().points, 20);
  desk.buy("c", 5, 10'00);
  EXPECT_EQ(desk.ledger.back().points, 10);
  desk.buy("d", 60, 10'00);
  EXPECT_EQ(desk.ledger.back().points, 10);
}

TEST(Levels, WhatIsDatedTooFarBackCountsFromThereOn) {
  Desk desk{yearly()};
  const Day day = first_day_of(1975) + 300;
  desk.touch(day);
  // Of 1974, arriving in November 1975: it counts from 400 days before.
  desk.buy("a", first_day_of(1974) + 10, 100'00);
  EXPECT_EQ(desk.record.level.since, day - 400);
  EXPECT_EQ(desk.record.due(), first_day_of(1976));
  // Of 1972: its window has passed by then, so it counts nowhere.
  desk.buy("b", first_day_of(1972) + 10, 500'00);
  EXPECT_EQ(desk.level_change(), "");
  EXPECT_EQ(desk.record.level.since, day - 400);
}

TEST(Levels, AFallOnTheDayOfAPurchaseIsAnnouncedBeforeItAndNotTakenBack) {
  Desk desk{rolling(30)};
  desk.buy("a", 10, 100'00);
  desk.tick(40);
  ASSERT_EQ(desk.level_change(), "silver>bronze");
  desk.buy("b", 40, 100'00);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_earned, NT::tier_upgraded));
}

TEST(Levels, ARefundBelowTheThresholdLowersAtOnceWithoutGrace) {
  Desk desk{rolling(30)};
  desk.buy("a", 10, 100'00);
  desk.refund("a", 12, 10'00);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_reversed, NT::tier_corrected));
  EXPECT_EQ(desk.level_change(), "silver>bronze");
}

TEST(Levels, ARefundBelowTheThresholdStartsTheGrace) {
  Desk desk{rolling(30, 7)};
  desk.buy("a", 10, 100'00);
  desk.refund("a", 12, 10'00);
  EXPECT_EQ(desk.level_change(), "");
  EXPECT_EQ(desk.record.due(), 19);
}

TEST(Levels, HoldKeepsTheLevelToThePeriodsEndInSpiteOfARefund) {
  Program program = rolling(30);
  program.refund_levels = RefundLevels::hold_to_period_end;
  Desk desk{program};
  desk.buy("a", 10, 100'00);
  desk.refund("a", 12);
  EXPECT_EQ(desk.level_change(), "");
  EXPECT_EQ(level_name_on(desk, 39), "silver");
  EXPECT_EQ(level_name_on(desk, 40), "bronze");
}

TEST(Levels, MoneyAndOrdersQualifyTooAndARefundedOrderCountsNoMore) {
  Program program = shop();
  program.metric = Metric::orders;
  program.levels[1].from = 2;
  program.levels[2].from = 3;
  Desk desk{program};
  desk.buy("a", 1, 1'00);
  desk.buy("b", 1, 1'00);
  EXPECT_EQ(desk.level_change(), "bronze>silver");
  desk.refund("b", 2, 50);
  EXPECT_EQ(desk.level_change(), "");
  desk.refund("b", 2, 50);
  EXPECT_EQ(desk.level_change(), "silver>bronze");
  EXPECT_EQ(qualifying_on(desk.record, 2, desk.series), 1);

  program.metric = Metric::money;
  program.levels[1].from = 50'00;
  program.levels[2].from = 90'00;
  Desk money{program};
  money.buy("a", 1, 50'00);
  EXPECT_EQ(money.level_change(), "bronze>silver");
  money.refund("a", 1, 1);
  EXPECT_EQ(money.level_change(), "silver>bronze");
}

TEST(Levels, TheUpgradeNoticeSaysWhatIsMissing) {
  Desk desk{rolling(30)};
  desk.buy("a", 10, 120'00);
  const member::Notice& up = desk.effects.notices.back();
  std::map<std::string_view, std::int64_t> numbers;
  for (const auto& detail : up.details) {
    if (const auto* n = std::get_if<std::int64_t>(&detail.value)) numbers[detail.key] = *n;
  }
  EXPECT_EQ(numbers, (std::map<std::string_view, std::int64_t>{{"qualifying", 120},
                                                               {"threshold", 100},
                                                               {"to_next", 180},
                                                               {"to_stay", 100},
                                                               {"check_day", 40}}));
}

TEST(Levels, AmountsThatCanNoLongerMatterAreDropped) {
  for (Program program : {rolling(30), yearly(), shop()}) {
    Desk desk{program};
    for (int i = 0; i < 5000; ++i) desk.buy("o" + std::to_string(i), i, 1'00);
    EXPECT_LE(desk.record.qualifying.size(), 580U);
  }
  Program flat = shop();
  flat.levels.resize(1);
  Desk desk{flat};
  for (int i = 0; i < 100; ++i) desk.buy("o" + std::to_string(i), i, 1'00);
  EXPECT_LE(desk.record.qualifying.size(), 2U);
  EXPECT_EQ(qualifying_on(desk.record, 100, desk.series), 100);
}

TEST(Levels, HowManyAmountsAMemberHoldsIsBounded) {
  // Given orders of a long window, each refunded in part on another day.
  Program program = rolling(3000);
  program.levels[1].from = 500;
  Desk desk{program};
  for (int i = 0; i < 2500; ++i) {
    const std::string order = "o" + std::to_string(i);
    desk.buy(order, i, 3'00);
    desk.refund(order, i + 1, 1'00);
    ASSERT_LE(desk.record.qualifying.size(), member::amounts_max);
  }
  EXPECT_EQ(qualifying_on(desk.record, 2500, desk.series), 2 * 2500);
  EXPECT_EQ(level_name_on(desk, 2500), "gold");
  EXPECT_EQ(desk.record.level, level_on(desk.record, 2500, desk.series));
}

}  // namespace
}  // namespace fealty::program::testing
