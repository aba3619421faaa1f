#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "unit/program/fixture.hpp"

/// Deliveries of one member, and what the rules say of them, looked up the slow way.
namespace fealty::program::testing {
namespace {

int below(int end) { return *rc::gen::inRange(0, end); }

/// What the rules say of a money event, by looking at all that was accepted: the slow way.
struct Told {
  int kind = 0;
  std::string id, source, business, order;
  std::uint64_t digest = 0;
  [[nodiscard]] bool named() const { return id == business || id == order; }
};
enum class Expected { fresh, duplicate, conflict };
Expected expected(const std::vector<Told>& accepted, const Told& next) {
  const auto same_event = [&](const Told& t) { return t.id == next.id && t.source == next.source; };
  for (const Told& t : accepted) {
    if (next.business.empty() || t.kind != next.kind || t.business != next.business) continue;
    return same_event(t) && t.digest != next.digest ? Expected::conflict : Expected::duplicate;
  }
  for (const Told& t : accepted) {
    if (!same_event(t) || (t.kind != next.kind && (t.named() || next.named()))) continue;
    return next.business.empty() && t.digest == next.digest ? Expected::duplicate
                                                            : Expected::conflict;
  }
  return Expected::fresh;
}

/// A money event with ids from a small set, so that all kinds of meetings come about.
event::Event any_money(Desk& desk, Told& told) {
  const auto id = [&](const char* prefix, int count) {
    return below(4) == 0 ? "x" + std::to_string(below(6)) : prefix + std::to_string(below(count));
  };
  told.id = id("e", 60);
  told.source = below(5) == 0 ? "till" : "shop";
  told.kind = below(5);
  event::Event event;
  switch (told.kind) {
    case 0: {
      event = desk.bought(id("o", 40), 1, 1'00 * below(2));
      told.business = told.order = std::get<event::Purchase>(event.data).order_id;
      break;
    }
    case 1: {
      event::Refund refund;
      told.order = id("o", 40);
      told.business = below(2) == 0 ? "" : id("r", 40);
      refund.order_id = desk.keep(told.order);
      refund.refund_id = desk.keep(told.business);
      refund.amount_minor = below(2);
      event = desk.event_of(event::Type::refund, "", 1, refund);
      event.digest = mix(hash64(told.order + "/" + told.business),
                         static_cast<std::uint64_t>(*refund.amount_minor));
      break;
    }
    case 2:
      told.business = told.order = id("o", 40);
      event = desk.event_of(event::Type::cancel, "", 1, event::Cancel{desk.keep(told.business)});
      event.digest = hash64(told.business);
      break;
    case 3: {
      event::Redemption redemption;
      told.business = id("d", 40);
      redemption.redemption_id = desk.keep(told.business);
      redemption.points = 1 + below(2);
      redemption.phase = static_cast<event::RedemptionPhase>(below(2));
      told.kind = 30 + static_cast<int>(redemption.phase);
      event = desk.event_of(event::Type::redemption, "", 1, redemption);
      event.digest = mix(hash64(told.business), static_cast<std::uint64_t>(redemption.points));
      break;
    }
    default: {
      const std::int64_t points = 100 + below(2);
      event = desk.event_of(event::Type::adjustment, "", 1, event::Adjustment{points, "eve", ""});
      event.digest = static_cast<std::uint64_t>(points);
    }
  }
  event.id = desk.keep(told.id);
  event.source = desk.keep(told.source);
  told.digest = event.digest;
  return event;
}

TEST(DeliveryProperty, ADeliveryIsKnownForEverInWindowAndRowsAlike) {
  const bool ok = rc::check([] {
    Desk desk{shop()};
    std::vector<Told> accepted;
    const int events = *rc::gen::inRange(1, 250);
    for (int i = 0; i < events; ++i) {
      Told told;
      const event::Event event = any_money(desk, told);
      const Outcome outcome = desk.send(event);
      switch (expected(accepted, told)) {
        case Expected::duplicate:
          RC_ASSERT(outcome.verdict == Verdict::duplicate);
          break;
        case Expected::conflict:
          RC_ASSERT(outcome.verdict == Verdict::refused && outcome.reason == Errc::id_conflict);
          break;
        case Expected::fresh:
          RC_ASSERT(outcome.verdict != Verdict::duplicate && outcome.reason != Errc::id_conflict);
          if (outcome.verdict == Verdict::applied) accepted.push_back(told);
      }
    }
    RC_ASSERT(desk.record.deliveries.left() + desk.record.deliveries.size() == accepted.size());
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace fealty::program::testing
