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
  return desk.program.levels[level_on(desk.record, day, desk.program).level].name;
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
  EXPECT_EQ(qualifying_on(desk.record, 39, desk.program), 110);
  EXPECT_EQ(qualifying_on(desk.record, 40, desk.program), 50);

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

TEST(Levels, ALateEventCorrectsWhatTheClockAnnouncedTooEarly) {
  // Given a downgrade of day 40 that the clock has announced.
  Desk desk{rolling(30)};
  desk.buy("a", 10, 100'00);
  desk.tick(50);
  ASSERT_EQ(desk.level_change(), "silver>bronze");

  // When an event of day 35 arrives.
  desk.touch(35);

  // Then the announcement is taken back, and falls due again.
  EXPECT_THAT(desk.announced(), ElementsAre(NT::tier_corrected));
  EXPECT_EQ(desk.level_change(), "bronze>silver");
  EXPECT_EQ(std::get<std::string_view>(desk.effects.notices[0].details.back().value), "late_event");
  EXPECT_EQ(desk.record.due(), 40);
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
  EXPECT_EQ(qualifying_on(desk.record, 2, desk.program), 1);

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

TEST(Levels, BucketsThatCanNoLongerMatterAreDropped) {
  Desk desk{rolling(30)};
  for (int i = 0; i < 100; ++i) desk.buy("o" + std::to_string(i), i, 1'00);
  EXPECT_EQ(desk.record.qualifying.size(), 30U);
}

}  // namespace
}  // namespace fealty::program::testing
