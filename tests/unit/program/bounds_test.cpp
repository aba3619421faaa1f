#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "fealty/program/compiled.hpp"
#include "fixture.hpp"

/// What one member may hold, and what happens at its edge: a reason, never an end of the process.
namespace fealty::program::testing {
namespace {

using Phase = event::RedemptionPhase;

/// Sends and expects a refusal that changes nothing.
void expect_refused(Desk& desk, const std::function<Outcome()>& send, Errc reason) {
  const member::Record before = desk.record;
  const auto orders = desk.orders;
  const Outcome outcome = send();
  EXPECT_EQ(outcome.verdict, Verdict::refused);
  EXPECT_EQ(outcome.reason, reason) << name(outcome.reason);
  EXPECT_EQ(desk.record, before);
  EXPECT_EQ(desk.orders, orders);
  EXPECT_TRUE(desk.effects.entries.empty() && desk.effects.rows.empty());
}

TEST(Bounds, ReservedPointsCountInTheBalancesBound) {
  // Given a balance at its bound, five points of it reserved.
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.record.balance = balance_max;
  desk.redeem("x", 2, 5, Phase::reserve);
  EXPECT_EQ(desk.record.balance, balance_max - 5);
  // Then nothing may take their place,
  expect_refused(
      desk, [&] { return desk.buy("p", 3, 1'00); }, Errc::out_of_range);
  expect_refused(
      desk,
      [&] {
        return desk.send(
            desk.event_of(event::Type::adjustment, "a", 3, event::Adjustment{1, "eve", ""}));
      },
      Errc::out_of_range);
  // and they can come back.
  EXPECT_EQ(desk.redeem("x", 4, 0, Phase::release).verdict, Verdict::applied);
  EXPECT_EQ(desk.record.balance, balance_max);
}

TEST(Bounds, ADebtRefundBelowTheLowestBalanceIsRefused) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.record.balance = -balance_max + 9;
  expect_refused(
      desk, [&] { return desk.refund("o", 2); }, Errc::out_of_range);
  EXPECT_EQ(desk.refund("o", 2, 9'00).verdict, Verdict::applied);
  EXPECT_EQ(desk.record.balance, -balance_max);
}

TEST(Bounds, RedeemedPointsHaveABoundThatReservationsCountIn) {
  Desk desk{shop()};
  desk.buy("o", 1, 100'00);
  desk.record.redeemed_points = balance_max - 10;
  desk.redeem("x", 2, 4, Phase::reserve);
  expect_refused(
      desk, [&] { return desk.redeem("y", 2, 7); }, Errc::out_of_range);
  EXPECT_EQ(desk.redeem("z", 2, 6).verdict, Verdict::applied);
  EXPECT_EQ(desk.redeem("x", 3, 0, Phase::capture).verdict, Verdict::applied);
  EXPECT_EQ(desk.record.redeemed_points, balance_max);
}

TEST(Bounds, OpenReservationsAreCounted) {
  Desk desk{shop()};
  desk.buy("o", 1, 100'00);
  desk.record.rare.edit().reservations = member::reservations_max;
  expect_refused(
      desk, [&] { return desk.redeem("x", 2, 4, Phase::reserve); }, Errc::record_full);
  EXPECT_EQ(desk.redeem("x", 2, 4).verdict, Verdict::applied);
}

TEST(Bounds, AReservationIsFoundByItsFullId) {
  Desk desk{shop()};
  desk.buy("o", 1, 100'00);
  desk.redeem("x", 2, 4, Phase::reserve);
  EXPECT_EQ(desk.redeem("y", 2, 0, Phase::release).reason, Errc::unknown_redemption);
  EXPECT_EQ(desk.looked_up(), 1U);
  EXPECT_EQ(desk.redeem("x", 2, 0, Phase::release).verdict, Verdict::applied);
  EXPECT_TRUE(desk.rows.empty());
  // With none open there is nothing to look up.
  EXPECT_EQ(desk.redeem("y", 2, 0, Phase::release).reason, Errc::unknown_redemption);
  EXPECT_EQ(desk.looked_up(), 0U);
}

TEST(Bounds, AProfileHasABound) {
  Desk desk{shop()};
  const std::string most(member::attributes_bytes_max, 'x');
  const auto profile = [&](std::string_view zone, std::string_view attributes) {
    return desk.send(desk.event_of(event::Type::profile, "p" + std::to_string(desk.position), 1,
                                   event::Profile{{}, {}, zone, attributes}));
  };
  EXPECT_EQ(profile("UTC", most).verdict, Verdict::applied);
  const std::string more = most + "x";
  expect_refused(
      desk, [&] { return profile("UTC", more); }, Errc::record_full);
  expect_refused(
      desk, [&] { return profile(more, ""); }, Errc::record_full);
}

TEST(Bounds, PurchaseDaysHaveABound) {
  Desk desk{shop()};
  for (std::size_t day = 0; day < member::purchase_days_max; ++day) {
    desk.record.purchase_days.push_back(static_cast<Day>(2 * day));
  }
  desk.record.last_day = 50'000;
  expect_refused(
      desk, [&] { return desk.buy("o", 7, 1'00); }, Errc::record_full);
  EXPECT_EQ(desk.buy("o", 8, 1'00).verdict, Verdict::applied);
}

TEST(Bounds, CountersStopAtTheirEnd) {
  Desk desk{shop()};
  desk.record.clicks = desk.record.views = desk.record.purchases = UINT32_MAX;
  desk.record.rating_sum = UINT32_MAX - 3;
  desk.touch(1, event::Type::click);
  desk.touch(1, event::Type::view);
  desk.buy("o", 1, 1'00);
  event::Review review;
  review.rating = 5;
  desk.send(desk.event_of(event::Type::review, "r", 1, review));
  EXPECT_EQ(desk.record.clicks, UINT32_MAX);
  EXPECT_EQ(desk.record.views, UINT32_MAX);
  EXPECT_EQ(desk.record.purchases, UINT32_MAX);
  EXPECT_EQ(desk.record.rating_sum, UINT32_MAX);
}

TEST(Bounds, LargeRefundsThatWaitLieBesideTheRecord) {
  // Given sixteen refunds with a thousand lines each.
  Desk desk{shop()};
  std::vector<event::RefundLine> lines(event::lines_max);
  std::vector<std::string> skus(event::lines_max);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    skus[i] = "sku-" + std::to_string(i);
    lines[i] = {{}, skus[i], 1, {}};
  }
  for (std::size_t i = 0; i < member::parked_max; ++i) {
    EXPECT_EQ(desk.refund("o" + std::to_string(i), 1, {}, lines).verdict, Verdict::applied);
  }
  const auto waiting = [&] {
    return std::count_if(desk.rows.begin(), desk.rows.end(),
                         [](const auto& row) { return !row.second.parked.order_id.empty(); });
  };
  EXPECT_EQ(waiting(), 16);
  EXPECT_LE(desk.record.rare->parked.size() * sizeof(member::ParkedIndex), 256U);
  expect_refused(
      desk, [&] { return desk.refund("p", 1, {}, lines); }, Errc::too_many_parked);
  // When one's purchase comes, its number is free for the next.
  desk.buy("o3", 1, 10'00);
  EXPECT_EQ(waiting(), 15);
  EXPECT_EQ(desk.refund("p", 1, {}, lines).verdict, Verdict::applied);
  desk.buy("p", 1, 10'00);
  EXPECT_EQ(desk.record.refunds, 2U);
  EXPECT_EQ(waiting(), 15);

  // One whose texts are too long cannot wait,
  for (auto& sku : skus) sku.append(30, 'x');
  for (std::size_t i = 0; i < lines.size(); ++i) lines[i].sku = skus[i];
  expect_refused(
      desk, [&] { return desk.refund("q", 1, {}, lines); }, Errc::record_full);
  // but one of an order that is known need not.
  EXPECT_EQ(desk.refund("p", 1, {}, lines).verdict, Verdict::applied);
}

TEST(Bounds, ParkedRefundsWhoseOrdersHashAlikeAreToldApartByTheirText) {
  // Given an index that names the same hash for both, as crafted ids would make it.
  Desk desk{shop()};
  desk.refund("a", 1, 1'00);
  desk.refund("b", 1, 2'00);
  auto& parked = desk.record.rare.edit().parked;
  parked[0].order_hash = parked[1].order_hash;
  // When b's purchase comes, both rows are read and a's refund goes on waiting.
  desk.buy("b", 1, 10'00);
  EXPECT_EQ(desk.looked_up(), 2U);
  EXPECT_EQ(desk.record.balance, 8);
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].number, 0);
}

TEST(Bounds, AGuestWithManyOrdersKeepsASmallRecord) {
  Program program = shop();
  program.muted.set();
  Desk desk{program};
  for (int i = 0; i < 100'000; ++i) {
    desk.buy("order-number-" + std::to_string(i), i % 365, 10'00);
    desk.ledger.clear();
  }
  EXPECT_EQ(desk.record.purchases, 100'000U);
  EXPECT_EQ(desk.orders.size(), 100'000U);
  EXPECT_LE(desk.record.deliveries.heap_bytes(), 2100U);
  EXPECT_EQ(desk.refund("order-number-7", 365).verdict, Verdict::applied);
  EXPECT_EQ(desk.buy("order-number-7", 365, 10'00).verdict, Verdict::duplicate);
}

}  // namespace
}  // namespace fealty::program::testing
