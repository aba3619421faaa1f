#include <gmock/gmock.h>

#include "fixture.hpp"

namespace fealty::program::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using NT = member::NoticeType;

/// A point a dollar of the order, and two more a dollar of shoes.
Program shoe_shop() {
  Program program = shop();
  program.rules.push_back(rule("shoes", event::Type::purchase, Field::line_amount, linear({2, 1})));
  program.rules[1].filter.categories = {"shoes"};
  return program;
}
std::vector<event::Line> lines() {
  return {{"1", "a", "shoes", "", 2, 10'00}, {"2", "b", "hats", "", 1, 13'37}};
}
constexpr std::int64_t total = 33'37;
event::RefundLine by_quantity(std::string_view line, std::int64_t quantity) {
  return {line, {}, quantity, {}};
}
event::RefundLine by_amount(std::string_view line, std::int64_t amount) {
  return {line, {}, {}, amount};
}

TEST(Refund, AWholeOrderGivesEverythingBack) {
  Desk desk{shoe_shop()};
  desk.buy("o", 1, total, lines());
  EXPECT_EQ(desk.record.balance, 73);
  desk.refund("o", 2);
  EXPECT_EQ(desk.record.balance, 0);
  EXPECT_EQ(desk.record.lifetime_points, 0);
  EXPECT_EQ(desk.record.refunded_minor, total);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_reversed));
  EXPECT_EQ(desk.ledger.back().kind, member::EntryKind::reverse);
  EXPECT_EQ(desk.ledger.back().points, -73);
  EXPECT_EQ(desk.ledger.back().order_id, "o");
}

TEST(Refund, ALineGivesBackWhatItEarned) {
  Desk desk{shoe_shop()};
  desk.buy("o", 1, total, lines());
  desk.refund("o", 2, {}, {by_quantity("1", 1)});
  EXPECT_EQ(desk.record.balance, 23 + 20);
  desk.refund("o", 2, {}, {event::RefundLine{{}, "b", {}, {}}});
  EXPECT_EQ(desk.record.balance, 10 + 20);
}

TEST(Refund, ARepeatedOneNeedsNoOrder) {
  // Looking an order up may cost a read of the store; what only repeats must not.
  Desk desk{shop()};
  desk.buy("o", 1, total, lines());
  EXPECT_EQ(desk.looked_up(), 0U);
  event::Refund whole;
  whole.order_id = "o";
  const event::Event refund = desk.event_of(event::Type::refund, "r", 2, whole);
  EXPECT_EQ(desk.send(refund).verdict, Verdict::applied);
  EXPECT_EQ(desk.looked_up(), 1U);
  EXPECT_EQ(desk.send(refund).verdict, Verdict::duplicate);
  EXPECT_EQ(desk.looked_up(), 0U);
  desk.touch(2);
  EXPECT_EQ(desk.looked_up(), 0U);
  // Nor has an order a row that the window would know, and does not.
  desk.refund("p", 2);
  EXPECT_EQ(desk.looked_up(), 0U);
}

TEST(Refund, EverySplitOfARefundEndsInTheSamePoints) {
  // Given an order and each way to give its 33.37 back in parts.
  const auto after = [](const auto& refunds) {
    Desk desk{shoe_shop()};
    desk.buy("o", 1, total, lines());
    refunds(desk);
    return desk.record.balance;
  };

  // Then thirds of an amount cost as much as the amount.
  const auto at_once = after([](Desk& d) { d.refund("o", 2, 10'01); });
  const auto in_parts = after([](Desk& d) {
    d.refund("o", 2, 3'33);
    d.refund("o", 3, 1);
    d.refund("o", 4, 6'67);
  });
  EXPECT_EQ(at_once, in_parts);

  // And lines first or the amount first makes no difference.
  const auto lines_first = after([](Desk& d) {
    d.refund("o", 2, {}, {by_quantity("1", 1)});
    d.refund("o", 3, 5'00);
    d.refund("o", 4, {}, {by_amount("2", 3'37)});
  });
  const auto lines_last = after([](Desk& d) {
    d.refund("o", 2, 5'00);
    d.refund("o", 3, {}, {by_amount("2", 3'37), by_quantity("1", 1)});
  });
  EXPECT_EQ(lines_first, lines_last);

  // And all of it in parts leaves nothing.
  EXPECT_EQ(after([](Desk& d) {
              d.refund("o", 2, 20'00);
              d.refund("o", 3, 13'37);
            }),
            0);
}

TEST(Refund, TheLevelOfTheOrderCountsNotTodays) {
  Program program = shop();
  program.levels[1].multiplier = {2, 1};
  Desk desk{program};
  desk.buy("a", 1, 100'00);  // bronze: 100
  desk.buy("b", 2, 10'00);   // silver: 20
  desk.refund("a", 3, 50'00);
  EXPECT_EQ(desk.record.balance, 50 + 20);
}

TEST(Refund, MoreThanTheOrderIsClampedAndSaid) {
  Desk desk{shop()};
  desk.buy("a", 1, 10'00);
  desk.refund("a", 2, 25'00);
  EXPECT_EQ(desk.record.balance, 0);
  EXPECT_EQ(desk.record.refunded_minor, 10'00);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_reversed, NT::refund_exceeds_order));
  desk.refund("a", 3, 1);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::refund_exceeds_order));
  desk.refund("a", 4);
  EXPECT_THAT(desk.announced(), IsEmpty());
}

TEST(Refund, SpentPointsBecomeADebtOrAreWrittenOff) {
  Program program = shop();
  Desk debt{program};
  program.negative_balance = NegativeBalance::clamp;
  Desk clamp{program};
  for (Desk* desk : {&debt, &clamp}) {
    desk->buy("a", 1, 10'00);
    desk->redeem("x", 2, 7);
    desk->refund("a", 3);
  }
  EXPECT_EQ(debt.record.balance, -7);
  EXPECT_THAT(debt.announced(), ElementsAre(NT::points_reversed, NT::balance_negative));
  EXPECT_EQ(clamp.record.balance, 0);
  EXPECT_THAT(clamp.announced(), ElementsAre(NT::points_reversed));
  EXPECT_THAT(clamp.ledger.back().explanation, HasSubstr("7 of them written off"));
  EXPECT_EQ(clamp.record.lifetime_points, 0);
}

TEST(Refund, OneThatComesBeforeItsPurchaseWaitsForIt) {
  // Given two refunds of an order that is not known yet.
  Desk desk{shop()};
  EXPECT_EQ(desk.refund("o", 1, 2'00).verdict, Verdict::applied);
  EXPECT_EQ(desk.refund("o", 2, 3'00).verdict, Verdict::applied);
  EXPECT_THAT(desk.ledger, IsEmpty());
  EXPECT_EQ(desk.record.rare->parked.size(), 2U);

  // When the purchase arrives.
  desk.buy("o", 1, 10'00);

  // Then they follow it in the order of their arrival, each with its own cause.
  ASSERT_EQ(desk.ledger.size(), 3U);
  EXPECT_EQ(desk.ledger[0].points, 10);
  EXPECT_EQ(desk.ledger[1].points, -2);
  EXPECT_EQ(desk.ledger[1].cause, "r1");
  EXPECT_EQ(desk.ledger[2].cause, "r2");
  EXPECT_EQ(desk.ledger[2].time, at_day(2));
  EXPECT_EQ(desk.record.balance, 5);
  EXPECT_THAT(desk.record.rare->parked, IsEmpty());
  EXPECT_THAT(desk.rows, IsEmpty());
  EXPECT_EQ(desk.orders.begin()->second.reversed, 5);
}

TEST(Refund, OnlySoManyWait) {
  Desk desk{shop()};
  for (std::size_t i = 0; i < member::parked_max; ++i) desk.refund("o", 1, 1);
  const member::Record before = desk.record;
  const Outcome outcome = desk.refund("o", 1, 1);
  EXPECT_EQ(outcome.verdict, Verdict::refused);
  EXPECT_EQ(outcome.reason, Errc::too_many_parked);
  EXPECT_EQ(desk.record, before);
}

TEST(Refund, ACancelIsARefundOfTheWholeOrder) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.send(desk.event_of(event::Type::cancel, "c", 2, event::Cancel{"o"}));
  EXPECT_EQ(desk.record.balance, 0);
  EXPECT_EQ(desk.record.refunds, 1U);
}

TEST(Refund, AnotherProgramVersionReversesInProportion) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  Program other = desk.program();
  other.version = 4;
  other.rules[0].f.beta = {9, 1};
  ASSERT_THAT(compile(other), IsEmpty());
  desk.series = Series{other};
  desk.refund("o", 2, 5'00);
  EXPECT_EQ(desk.record.balance, 5);
}

TEST(Refund, ASkuOnSeveralLinesTakesThemInTurn) {
  Desk desk{shoe_shop()};
  desk.buy("o", 1, 30'00, {{"1", "a", "shoes", "", 1, 10'00}, {"2", "a", "hats", "", 2, 10'00}});
  EXPECT_EQ(desk.record.balance, 50);
  desk.refund("o", 2, {}, {event::RefundLine{{}, "a", 2, {}}});
  EXPECT_EQ(desk.record.balance, 10);
}

}  // namespace
}  // namespace fealty::program::testing
