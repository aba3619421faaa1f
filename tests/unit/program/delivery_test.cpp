#include <gmock/gmock.h>

#include "fixture.hpp"

namespace fealty::program::testing {
namespace {

using ::testing::IsEmpty;

TEST(Delivery, ARedeliveredPurchaseChangesNothing) {
  Desk desk{shop()};
  const auto event = desk.bought("o", 1, 10'00);
  desk.send(event);
  const member::Record before = desk.record;
  EXPECT_EQ(desk.send(event).verdict, Verdict::duplicate);
  EXPECT_EQ(desk.record, before);
  EXPECT_THAT(desk.effects.notices, IsEmpty());
  EXPECT_THAT(desk.effects.entries, IsEmpty());
}

TEST(Delivery, TheSameOrderFromAnotherSourceIsADuplicate) {
  Desk desk{shop()};
  desk.send(desk.bought("o", 1, 10'00));
  auto other = desk.bought("o", 1, 10'00);
  other.id = "other";
  other.digest = 99;
  EXPECT_EQ(desk.send(other).verdict, Verdict::duplicate);
}

TEST(Delivery, TheSameIdWithAnotherContentIsAConflict) {
  Desk desk{shop()};
  desk.send(desk.bought("o", 1, 10'00));
  auto changed = desk.bought("o", 1, 11'00);
  const Outcome same_order = desk.send(changed);
  EXPECT_EQ(same_order.verdict, Verdict::refused);
  EXPECT_EQ(same_order.reason, Errc::id_conflict);
  auto other_order = desk.bought("p", 1, 11'00);
  other_order.id = "e-o";
  EXPECT_EQ(desk.send(other_order).reason, Errc::id_conflict);
}

TEST(Delivery, AnEventNamedAfterItsOrderTakesOneKeyAndStillTellsConflicts) {
  Desk desk{shop()};
  auto event = desk.bought("o", 1, 10'00);
  event.id = "o";
  desk.send(event);
  EXPECT_EQ(desk.record.money_keys.size(), 1U);
  EXPECT_EQ(desk.send(event).verdict, Verdict::duplicate);
  auto changed = desk.bought("p", 1, 10'00);
  changed.id = "o";
  EXPECT_EQ(desk.send(changed).reason, Errc::id_conflict);
  auto other_source = event;
  other_source.source = "till";
  other_source.digest = 5;
  EXPECT_EQ(desk.send(other_source).verdict, Verdict::duplicate);
}

TEST(Delivery, ARefundIsKnownByItsRefundId) {
  Desk desk{shop()};
  desk.buy("o", 1, 10'00);
  event::Refund refund;
  refund.order_id = "o";
  refund.refund_id = "R";
  refund.amount_minor = 1'00;
  desk.send(desk.event_of(event::Type::refund, "a", 2, refund));
  EXPECT_EQ(desk.send(desk.event_of(event::Type::refund, "b", 2, refund)).verdict,
            Verdict::duplicate);
  refund.refund_id = "S";
  EXPECT_EQ(desk.send(desk.event_of(event::Type::refund, "c", 2, refund)).verdict,
            Verdict::applied);
  EXPECT_EQ(desk.record.balance, 8);
}

TEST(Delivery, OtherEventsAreKnownAmongTheLastFew) {
  Desk desk{shop()};
  const auto view = desk.event_of(event::Type::view, "v", 1, event::Touch{});
  desk.send(view);
  EXPECT_EQ(desk.send(view).verdict, Verdict::duplicate);
  for (std::size_t i = 0; i < member::Record::recent_max; ++i) desk.touch(1);
  EXPECT_EQ(desk.send(view).verdict, Verdict::applied);
}

TEST(Delivery, ARefusedEventMayComeAgain) {
  Desk desk{shop()};
  event::Redemption redemption;
  redemption.redemption_id = "x";
  redemption.points = 5;
  const auto event = desk.event_of(event::Type::redemption, "x1", 1, redemption);
  EXPECT_EQ(desk.send(event).reason, Errc::insufficient_points);
  desk.buy("o", 1, 10'00);
  EXPECT_EQ(desk.send(event).verdict, Verdict::applied);
}

}  // namespace
}  // namespace fealty::program::testing
