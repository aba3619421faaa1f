#include <gmock/gmock.h>

#include <functional>

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

TEST(Delivery, AnEventNamedAfterItsOrderStillTellsConflicts) {
  Desk desk{shop()};
  auto event = desk.bought("o", 1, 10'00);
  event.id = "o";
  desk.send(event);
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

event::Event refund_named(Desk& desk, std::string id, std::string order, std::string refund_id,
                          std::int64_t amount, Day day = 2) {
  event::Refund refund;
  refund.order_id = desk.keep(std::move(order));
  refund.refund_id = desk.keep(std::move(refund_id));
  refund.amount_minor = amount;
  auto event = desk.event_of(event::Type::refund, std::move(id), day, refund);
  event.digest = hash64(refund.order_id, static_cast<std::uint64_t>(amount));
  return event;
}

TEST(Delivery, ARefundAndAPurchaseNamedAfterTheOrderEndTheSameInEitherOrder) {
  for (const bool refund_first : {false, true}) {
    Desk desk{shop()};
    auto purchase = desk.bought("o1", 1, 100'00);
    purchase.id = "o1";
    const auto refund = refund_named(desk, "o1", "o1", "", 40'00);
    EXPECT_EQ(desk.send(refund_first ? refund : purchase).verdict, Verdict::applied);
    EXPECT_EQ(desk.send(refund_first ? purchase : refund).verdict, Verdict::applied);
    EXPECT_EQ(desk.record.balance, 60) << refund_first;
    // And each is known when it comes again; the refund with another amount is a conflict.
    EXPECT_EQ(desk.send(purchase).verdict, Verdict::duplicate);
    EXPECT_EQ(desk.send(refund).verdict, Verdict::duplicate);
    EXPECT_EQ(desk.send(refund_named(desk, "o1", "o1", "", 50'00)).reason, Errc::id_conflict);
  }
}

TEST(Delivery, WhetherTwoEventsOfOneIdAreInConflictDoesNotDependOnTheirOrder) {
  // Given every pair of events of the id o1 that differ in what they are about.
  const std::vector<std::function<event::Event(Desk&)>> makers{
      [](Desk& desk) {
        auto event = desk.bought("o1", 1, 10'00);
        event.id = "o1";
        return event;
      },
      [](Desk& desk) {
        auto event = desk.bought("p", 1, 11'00);
        event.id = "o1";
        return event;
      },
      [](Desk& desk) { return refund_named(desk, "o1", "o1", "", 1'00); },
      [](Desk& desk) { return refund_named(desk, "o1", "o1", "R", 2'00); },
      [](Desk& desk) { return refund_named(desk, "o1", "q", "o1", 3'00); },
      [](Desk& desk) { return refund_named(desk, "o1", "q", "S", 4'00); },
      [](Desk& desk) { return refund_named(desk, "o1", "q", "", 5'00); },
      [](Desk& desk) { return desk.event_of(event::Type::cancel, "o1", 2, event::Cancel{"o1"}); },
      [](Desk& desk) { return desk.event_of(event::Type::cancel, "o1", 2, event::Cancel{"q"}); },
      [](Desk& desk) {
        return desk.event_of(event::Type::adjustment, "o1", 2, event::Adjustment{5, "eve", ""});
      }};
  for (std::size_t a = 0; a < makers.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const auto second_of = [&](std::size_t first, std::size_t second) {
        Desk desk{shop()};
        EXPECT_EQ(desk.send(makers[first](desk)).verdict, Verdict::applied);
        return desk.send(makers[second](desk)).verdict;
      };
      EXPECT_EQ(second_of(a, b), second_of(b, a)) << a << " and " << b;
    }
  }
}

TEST(Delivery, WhatLeftTheWindowIsKnownByItsRows) {
  // Given one event of every kind, and so many purchases that all have left the window.
  Desk desk{shop()};
  std::vector<event::Event> sent{
      desk.bought("o", 1, 50'00), refund_named(desk, "r1", "o", "R", 1'00),
      refund_named(desk, "r2", "o", "", 1'00), refund_named(desk, "o", "o", "", 1'00)};
  sent.push_back(desk.event_of(event::Type::adjustment, "a", 2, event::Adjustment{5, "eve", ""}));
  for (const auto phase : {event::RedemptionPhase::at_once, event::RedemptionPhase::reserve,
                           event::RedemptionPhase::release}) {
    event::Redemption redemption;
    redemption.redemption_id = phase == event::RedemptionPhase::at_once ? "d" : "e";
    redemption.points = 1;
    redemption.phase = phase;
    sent.push_back(
        desk.event_of(event::Type::redemption, "d" + std::to_string(sent.size()), 2, redemption));
  }
  sent.push_back(desk.event_of(event::Type::cancel, "c", 2, event::Cancel{"o"}));
  sent.push_back(desk.event_of(event::Type::cancel, "n", 2, event::Cancel{"n"}));
  for (const auto& event : sent) ASSERT_EQ(desk.send(event).verdict, Verdict::applied) << event.id;
  EXPECT_EQ(desk.record.deliveries.left(), 0U);
  for (int i = 0; i < 40; ++i) desk.buy("f" + std::to_string(i), 3, 1'00);
  EXPECT_GE(desk.record.deliveries.left(), sent.size());

  // Then each is a duplicate, and with another content under its id a conflict.
  const member::Record before = desk.record;
  for (auto event : sent) {
    EXPECT_EQ(desk.send(event).verdict, Verdict::duplicate) << event.id;
    event.digest ^= 1U;
    EXPECT_EQ(desk.send(event).reason, Errc::id_conflict) << event.id;
  }
  auto other = desk.bought("p", 4, 1'00);
  other.id = "e-o";
  EXPECT_EQ(desk.send(other).reason, Errc::id_conflict);
  EXPECT_EQ(desk.send(refund_named(desk, "other", "o", "R", 9'00)).verdict, Verdict::duplicate);
  EXPECT_EQ(desk.record, before);
  // But what is new is new, and the record has not grown with what was told.
  EXPECT_EQ(desk.buy("new", 4, 1'00).verdict, Verdict::applied);
  EXPECT_LE(desk.record.deliveries.heap_bytes(), member::DeliveryWindow::bytes_max + 32);
}

TEST(Delivery, ARowOfAnotherTextIsNotFound) {
  // Whoever looks rows up may hand over one that only hashes alike: its texts say that it is not.
  Desk desk{shop()};
  for (int i = 0; i < 20; ++i) desk.buy("f" + std::to_string(i), 1, 1'00);
  const auto again = desk.bought("f0", 1, 1'00);
  rows_needed(desk.record, again, desk.needed);
  std::vector<member::RowKey> asked;
  for (const auto& row : desk.needed.all()) asked.push_back(row.key);
  EXPECT_THAT(asked, ::testing::ElementsAre(member::RowKey::order("f0"),
                                            member::RowKey::event("e-f0", "")));
  // A refund of an order that there is no row of waits; none of its own is taken for it.
  EXPECT_EQ(desk.refund("g0", 2, 50).verdict, Verdict::applied);
  EXPECT_EQ(desk.record.rare->parked.size(), 1U);
}

TEST(Delivery, AMemberWhoseKeysNeverLeftTheWindowNeedsNoRows) {
  Desk desk{shop()};
  for (std::size_t i = 0; i < member::DeliveryWindow::count_max; ++i) {
    desk.buy("o" + std::to_string(i), 1, 1'00);
    EXPECT_EQ(desk.looked_up(), 0U);
  }
  desk.buy("one more", 1, 1'00);
  EXPECT_EQ(desk.looked_up(), 0U);
  desk.buy("and one", 1, 1'00);
  EXPECT_EQ(desk.looked_up(), 2U);
  // Once one named after its order has left, an event's id may be an order's, too.
  auto named = desk.bought("named", 1, 1'00);
  named.id = "named";
  desk.send(named);
  for (int i = 0; i < 16; ++i) desk.buy("p" + std::to_string(i), 1, 1'00);
  desk.buy("q", 1, 1'00);
  EXPECT_EQ(desk.looked_up(), 3U);
}

}  // namespace
}  // namespace fealty::program::testing
