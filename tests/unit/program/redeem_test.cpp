#include <gmock/gmock.h>

#include "fealty/program/ledger.hpp"
#include "fixture.hpp"

namespace fealty::program::testing {
namespace {

using ::testing::ElementsAre;
using NT = member::NoticeType;
using Phase = event::RedemptionPhase;

TEST(Redeem, AtOnceTakesThePoints) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.redeem("x", 2, 7);
  EXPECT_EQ(desk.record.balance, 3);
  EXPECT_EQ(desk.record.redeemed_points, 7);
  EXPECT_EQ(desk.record.lifetime_points, 10);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_redeemed));
}

TEST(Redeem, MoreThanTheBalanceIsRefusedAndChangesNothing) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  const member::Record before = desk.record;
  EXPECT_EQ(desk.redeem("x", 2, 11).reason, Errc::insufficient_points);
  EXPECT_EQ(desk.record, before);
}

TEST(Redeem, AReservationIsCapturedOrReleasedOnce) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.redeem("x", 2, 4, Phase::reserve);
  desk.redeem("y", 2, 5, Phase::reserve);
  EXPECT_EQ(desk.record.balance, 1);
  EXPECT_EQ(desk.record.reserved, 9);
  desk.redeem("x", 3, 0, Phase::capture);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_redeemed));
  desk.redeem("y", 3, 0, Phase::release);
  EXPECT_THAT(desk.announced(), ElementsAre(NT::points_released));
  EXPECT_EQ(desk.record.balance, 6);
  EXPECT_EQ(desk.record.reserved, 0);
  EXPECT_EQ(desk.record.redeemed_points, 4);
  EXPECT_EQ(desk.redeem("y", 4, 0, Phase::capture).reason, Errc::unknown_redemption);
}

TEST(Redeem, AReserveThatIsDeliveredTwiceHoldsOnce) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.redeem("x", 2, 4, Phase::reserve);
  EXPECT_EQ(desk.redeem("x", 2, 4, Phase::reserve).verdict, Verdict::duplicate);
  EXPECT_EQ(desk.record.reserved, 4);
}

TEST(Redeem, AnAdjustmentIsSignedAndObeysTheFloor) {
  Program program = shop();
  program.negative_balance = NegativeBalance::clamp;
  Desk desk{program};
  desk.send(desk.event_of(event::Type::adjustment, "a", 1, event::Adjustment{50, "eve", "sorry"}));
  EXPECT_EQ(desk.record.balance, 50);
  EXPECT_EQ(desk.record.lifetime_points, 0);
  EXPECT_EQ(desk.ledger[0].explanation, "adjusted by 50: sorry (eve)");
  desk.send(desk.event_of(event::Type::adjustment, "b", 1, event::Adjustment{-80, "eve", ""}));
  EXPECT_EQ(desk.record.balance, 0);
  EXPECT_EQ(desk.ledger[1].points, -50);
}

TEST(Redeem, EachLedgerEntryContinuesTheChain) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  desk.redeem("x", 2, 4);
  desk.refund("o", 3);
  std::uint64_t hash = 0;
  std::uint64_t seq = 0;
  for (const member::LedgerEntry& entry : desk.ledger) {
    hash = chain_hash(hash, entry);
    EXPECT_EQ(entry.hash, hash);
    EXPECT_EQ(entry.seq, ++seq);
  }
  EXPECT_EQ(desk.record.ledger_hash, hash);
}

TEST(Redeem, EnrolAndProfileSetWhatTheyState) {
  Desk desk{shop()};
  desk.send(desk.event_of(event::Type::enrol, "a", 7, event::Profile{{}, 100, "Europe/Paris", {}}));
  EXPECT_EQ(desk.record.joined, 7);
  desk.send(desk.event_of(event::Type::profile, "b", 8, event::Profile{{}, {}, {}, "{\"a\":1}"}));
  EXPECT_EQ(desk.record.joined, 7);
  EXPECT_EQ(desk.record.birthday, 100);
  EXPECT_EQ(desk.record.rare->time_zone, "Europe/Paris");
  EXPECT_EQ(desk.record.rare->attributes, "{\"a\":1}");
}

}  // namespace
}  // namespace fealty::program::testing
