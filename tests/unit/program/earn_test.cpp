#include <gmock/gmock.h>

#include "fixture.hpp"

namespace fealty::program::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Points for one order of `total_minor` by one rule.
std::int64_t points_for(Rule one, std::int64_t total_minor,
                        RoundingMode mode = RoundingMode::floor) {
  Program program = shop();
  program.rules = {std::move(one)};
  program.rounding_mode = mode;
  Desk desk{program};
  desk.buy("o", 1, total_minor);
  return desk.record.balance;
}
std::int64_t points_for(Function f, std::int64_t total_minor,
                        RoundingMode mode = RoundingMode::floor) {
  return points_for(rule("r", event::Type::purchase, Field::total, std::move(f)), total_minor,
                    mode);
}

TEST(Earn, LinearIsAlphaPlusBetaTimesTheAmountInMajorUnits) {
  EXPECT_EQ(points_for(linear({3, 2}, {5, 1}), 10'00), 20);
}
TEST(Earn, StepGivesPointsForFullStepsOnly) {
  EXPECT_EQ(points_for(step({5, 1}, {10, 1}), 14'99), 20);
  EXPECT_EQ(points_for(step({5, 1}, {10, 1}), 15'00), 30);
  EXPECT_EQ(points_for(step({1, 3}, {1, 1}), 1'00), 3);
}
TEST(Earn, PiecewiseIsExactBetweenItsKnotsAndFlatOutside) {
  const Function f{.shape = Shape::piecewise,
                   .knots = {{{10, 1}, {0, 1}}, {{40, 1}, {10, 1}}, {{50, 1}, {5, 1}}}};
  EXPECT_EQ(points_for(f, 9'99), 0);
  EXPECT_EQ(points_for(f, 13'00), 1);  // exactly 1: thirds must not lose anything
  EXPECT_EQ(points_for(f, 39'99), 9);
  EXPECT_EQ(points_for(f, 40'00), 10);
  EXPECT_EQ(points_for(f, 46'00), 7);
  EXPECT_EQ(points_for(f, 1000'00), 5);
}
TEST(Earn, CappedStopsAtItsMaximum) {
  const Function f{.shape = Shape::capped, .beta = {1, 1}, .max = {25, 1}};
  EXPECT_EQ(points_for(f, 24'99), 24);
  EXPECT_EQ(points_for(f, 99'00), 25);
}
TEST(Earn, AConstantIsGivenOncePerOrder) {
  EXPECT_EQ(points_for(rule("r", event::Type::purchase, Field::one, constant({7, 1})), 1), 7);
}
TEST(Earn, TheWeightMultipliesTheFunction) {
  EXPECT_EQ(
      points_for(rule("r", event::Type::purchase, Field::total, linear({1, 1}), {1, 3}), 10'00), 3);
}
TEST(Earn, ASumBelowZeroGivesNothing) { EXPECT_EQ(points_for(linear({-1, 1}), 10'00), 0); }

TEST(Earn, EachRoundingModeDecidesTheHalf) {
  EXPECT_EQ(points_for(linear({1, 1}), 2'50, RoundingMode::floor), 2);
  EXPECT_EQ(points_for(linear({1, 1}), 2'01, RoundingMode::ceil), 3);
  EXPECT_EQ(points_for(linear({1, 1}), 2'50, RoundingMode::half_up), 3);
  EXPECT_EQ(points_for(linear({1, 1}), 2'49, RoundingMode::half_up), 2);
  EXPECT_EQ(points_for(linear({1, 1}), 2'50, RoundingMode::half_even), 2);
  EXPECT_EQ(points_for(linear({1, 1}), 3'50, RoundingMode::half_even), 4);
}

std::vector<event::Line> three_lines() {
  return {{"1", "a", "shoes/running", "acme", 1, 1'50},
          {"2", "b", "shoestring", "acme", 1, 1'50},
          {"3", "c", "shoes", "outlet", 2, 1'50}};
}

TEST(Earn, RoundingByLineRoundsEachLineAndByOrderOnlyTheSum) {
  Program program = shop();
  program.rules = {rule("line", event::Type::purchase, Field::line_amount, linear({1, 1}))};
  Desk by_order{program};
  program.rounding_level = RoundingLevel::line;
  Desk by_line{program};
  by_order.buy("o", 1, 6'00, three_lines());
  by_line.buy("o", 1, 6'00, three_lines());
  EXPECT_EQ(by_order.record.balance, 6);
  EXPECT_EQ(by_line.record.balance, 5);
}

TEST(Earn, ACategoryMatchesItselfAndWhatLiesBelow) {
  Program program = shop();
  program.rules = {rule("line", event::Type::purchase, Field::line_amount, linear({2, 1}))};
  program.rules[0].filter.categories = {"shoes"};
  Desk desk{program};
  desk.buy("o", 1, 6'00, three_lines());
  EXPECT_EQ(desk.record.balance, 9);
}

TEST(Earn, ExclusionsWinOverMatches) {
  Program program = shop();
  program.rules = {rule("line", event::Type::purchase, Field::line_amount, linear({2, 1}))};
  program.rules[0].filter.categories = {"shoes"};
  program.rules[0].filter.not_brands = {"outlet"};
  Desk desk{program};
  desk.buy("o", 1, 6'00, three_lines());
  EXPECT_EQ(desk.record.balance, 3);
}

TEST(Earn, AWholeOrderRuleNeedsOneLineThatPassesItsFilter) {
  Program program = shop();
  program.rules[0].filter.skus = {"c"};
  Desk desk{program};
  desk.buy("with", 1, 6'00, three_lines());
  EXPECT_EQ(desk.record.balance, 6);
  desk.buy("without", 1, 6'00);
  EXPECT_EQ(desk.record.balance, 6);
}

TEST(Earn, TheLevelReachedBeforeTheOrderMultipliesIt) {
  // Given silver x 1.1 from 100 points, and a bonus that no level multiplies.
  Program program = shop();
  program.levels[1].multiplier = {11, 10};
  program.rules.push_back(rule("bonus", event::Type::purchase, Field::one, constant({5, 1})));
  program.rules[1].level_multiplier = false;
  Desk desk{program};

  // When the first order lifts her to silver, and a second follows.
  desk.buy("a", 1, 100'00);
  EXPECT_EQ(desk.record.balance, 105);
  desk.buy("b", 2, 100'00);

  // Then only the second one is multiplied, and the bonus is not.
  EXPECT_EQ(desk.record.balance, 105 + 115);
}

TEST(Earn, ALedgerEntryNamesTheRulesAndShowsTheArithmetic) {
  Program program = shop();
  program.levels[0].multiplier = {5, 4};
  Desk desk{program};
  desk.buy("o1", 1, 77'50);
  ASSERT_THAT(desk.ledger, SizeIs(1));
  EXPECT_EQ(desk.ledger[0].explanation,
            "base: 77.50 USD x 1 = 77.5; bronze x 1.25 = 96.875; floor to 96 points");
  EXPECT_EQ(desk.ledger[0].rule, "base");
  EXPECT_EQ(desk.ledger[0].rule_version, 3U);
  EXPECT_EQ(desk.ledger[0].order_id, "o1");
  EXPECT_EQ(desk.ledger[0].cause, "e-o1");
}

TEST(Earn, AnAbsentFieldGivesNothingNotEvenAlpha) {
  EXPECT_EQ(points_for(rule("r", event::Type::purchase, Field::tax, linear({1, 1}, {9, 1})), 5'00),
            0);
}

TEST(Earn, ReviewsViewsAndLoginsEarnByTheirOwnRules) {
  Program program = shop();
  program.rules = {rule("stars", event::Type::review, Field::rating, linear({2, 1})),
                   rule("words", event::Type::review, Field::text_length, step({3, 1}, {1, 1})),
                   rule("dwell", event::Type::view, Field::dwell_s,
                        {.shape = Shape::capped, .beta = {1, 10}, .max = {3, 1}}),
                   rule("login", event::Type::login, Field::one, constant({1, 1}))};
  Desk desk{program};
  event::Review review;
  review.rating = 4;
  review.text = "sch\xC3\xB6n!";  // six code points
  desk.send(desk.event_of(event::Type::review, "a", 1, review));
  EXPECT_EQ(desk.record.balance, 10);
  event::Touch touch;
  touch.dwell_ms = 25'000;
  desk.send(desk.event_of(event::Type::view, "b", 1, touch));
  EXPECT_EQ(desk.record.balance, 12);
  touch.dwell_ms = 900'000;
  desk.send(desk.event_of(event::Type::view, "c", 1, touch));
  EXPECT_EQ(desk.record.balance, 15);
  desk.send(desk.event_of(event::Type::login, "d", 1, event::Login{}));
  EXPECT_EQ(desk.record.balance, 16);
  EXPECT_EQ(desk.record.reviews, 1U);
  EXPECT_EQ(desk.record.rating_sum, 4U);
  EXPECT_EQ(desk.record.views, 2U);
  EXPECT_EQ(desk.record.logins, 1U);
}

TEST(Earn, AnOrderWithoutPointsLeavesNoEntryButCanBeRefunded) {
  Desk desk{shop()};
  desk.buy("o", 1, 99);
  EXPECT_THAT(desk.ledger, IsEmpty());
  EXPECT_THAT(desk.effects.notices, IsEmpty());
  EXPECT_EQ(desk.orders.size(), 1U);
  EXPECT_EQ(desk.record.purchases, 1U);
  EXPECT_EQ(desk.record.revenue_minor, 99);
}

TEST(Earn, AnotherCurrencyIsRefusedAndChangesNothing) {
  Desk desk{shop()};
  auto event = desk.bought("o", 1, 10'00);
  std::get<event::Purchase>(event.data).currency = *Currency::from_code("EUR");
  const member::Record before = desk.record;
  const Outcome outcome = desk.send(event);
  EXPECT_EQ(outcome.verdict, Verdict::refused);
  EXPECT_EQ(outcome.reason, Errc::currency_not_in_program);
  EXPECT_EQ(desk.record, before);
}

TEST(Earn, PurchaseDaysAreDistinctAndAscending) {
  Desk desk{shop()};
  desk.buy("a", 5, 1'00);
  desk.buy("b", 3, 1'00);
  desk.buy("c", 5, 1'00);
  EXPECT_THAT(desk.record.purchase_days, ::testing::ElementsAre(3, 5));
  EXPECT_EQ(desk.record.first_day, 3);
  EXPECT_EQ(desk.record.last_day, 5);
}

}  // namespace
}  // namespace fealty::program::testing
