#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "fealty/program/ledger.hpp"
#include "unit/program/fixture.hpp"

/// Random histories of one member under random programs: what must hold after every event.
namespace fealty::program::testing {
namespace {

using rc::gen::inRange;

int below(int end) { return *inRange(0, end); }

Program any_program() {
  Program program = shop();
  program.rules.push_back(
      rule("shoes", event::Type::purchase, Field::line_amount, linear({1, 3}), {2, 1}));
  program.rules.back().filter.categories = {"shoes"};
  program.rules.push_back(
      rule("basket", event::Type::purchase, Field::total, step({20, 1}, {5, 1})));
  program.rules.back().level_multiplier = false;
  program.rules.push_back(rule("view", event::Type::view, Field::one, constant({1, 2})));
  program.levels[1].multiplier = {11, 10};
  program.levels[2].multiplier = {4, 3};
  program.rounding_level = static_cast<RoundingLevel>(below(3));
  program.rounding_mode = static_cast<RoundingMode>(below(4));
  program.period = static_cast<Period>(below(3));
  program.rolling_days = *inRange(1, 60);
  program.grace_days = below(20);
  program.metric = static_cast<Metric>(below(3));
  if (program.metric == Metric::orders) {
    program.levels[1].from = 2;
    program.levels[2].from = 4;
  }
  program.downgrade = static_cast<Downgrade>(below(3));
  program.refund_levels = static_cast<RefundLevels>(below(2));
  program.negative_balance = static_cast<NegativeBalance>(below(2));
  return program;
}

std::vector<event::Line> any_lines() {
  std::vector<event::Line> lines;
  const int count = below(4);
  for (int i = 0; i < count; ++i) {
    lines.push_back({i == 0   ? "1"
                     : i == 1 ? "2"
                              : "3",
                     below(2) != 0 ? "a" : "b", below(2) != 0 ? "shoes" : "hats", "",
                     *inRange(1, 4), *inRange(0, 50'00)});
  }
  return lines;
}

std::vector<event::RefundLine> any_refund_lines() {
  event::RefundLine line;
  if (below(2) != 0) {
    line.line = below(2) != 0 ? "1" : "3";
  } else {
    line.sku = "a";
  }
  if (below(3) == 0) line.quantity = *inRange(1, 4);
  if (below(3) == 0) line.amount_minor = *inRange(0, 40'00);
  return {line};
}

/// Does something at random on about `day`; remembers the event for redelivery.
void act(Desk& desk, Day day, int serial) {
  const Day when = std::max(0, day - below(12));
  const std::string order = "o" + std::to_string(below(12));
  switch (below(8)) {
    case 0:
    case 1:
    case 2:
      desk.buy("o" + std::to_string(serial % 12), when, *inRange(0, 150'00), any_lines());
      break;
    case 3:
      desk.refund(order, when);
      break;
    case 4:
      desk.refund(order, when, *inRange(0, 60'00));
      break;
    case 5:
      desk.refund(order, when, {}, any_refund_lines());
      break;
    case 6:
      desk.redeem("x" + std::to_string(below(20)), when, *inRange(1, 80),
                  static_cast<event::RedemptionPhase>(below(4)));
      break;
    default:
      desk.touch(when);
      break;
  }
}

void hold(const Desk& desk) {
  std::int64_t sum = 0;
  std::uint64_t hash = 0;
  for (const member::LedgerEntry& entry : desk.ledger) {
    sum += entry.points;
    hash = chain_hash(hash, entry);
    RC_ASSERT(entry.hash == hash);
    RC_ASSERT(entry.balance_after == sum);
  }
  RC_ASSERT(desk.record.balance == sum);
  RC_ASSERT(desk.record.ledger_seq == desk.ledger.size());
  RC_ASSERT(desk.record.ledger_hash == hash);

  std::int64_t refunded = 0;
  for (const auto& [key, order] : desk.orders) {
    RC_ASSERT(order.reversed >= 0 && order.reversed <= order.granted);
    RC_ASSERT(order.refunded_minor >= 0 && order.refunded_minor <= order.total_minor);
    if (order.refunded_minor == order.total_minor && order.total_minor > 0) {
      RC_ASSERT(order.reversed == order.granted);
    }
    for (const member::OrderLine& line : order.lines) {
      RC_ASSERT(line.refunded_minor >= 0 && line.refunded_minor <= line.amount_minor);
      RC_ASSERT(line.refunded_quantity >= 0 && line.refunded_quantity <= line.quantity);
    }
    refunded += order.refunded_minor;
  }
  RC_ASSERT(desk.record.refunded_minor == refunded);
  RC_ASSERT(desk.record.lifetime_points >= 0);
  if (desk.program().negative_balance == NegativeBalance::clamp)
    RC_ASSERT(desk.record.balance >= 0);
  std::int64_t reserved = 0;
  std::uint32_t reservations = 0;
  for (const auto& [name, row] : desk.rows) {
    reserved += row.reserved;
    reservations += row.reserved > 0 ? 1 : 0;
  }
  RC_ASSERT(desk.record.reserved == reserved);
  RC_ASSERT(desk.record.rare->reservations == reservations);

  const member::LevelState level = desk.record.level;
  RC_ASSERT(level == level_on(desk.record, desk.record.through, desk.series));
  RC_ASSERT(level.check > desk.record.through);
  RC_ASSERT(desk.record.through >= desk.record.last_day);
  RC_ASSERT(level.level > 0 || level.check == no_day);
}

TEST(ProgramProperty, BalancesOrdersLedgerAndLevelAgreeAfterEveryEvent) {
  const bool ok = rc::check([] {
    Desk desk{any_program()};
    Day day = 400;
    const int events = *inRange(1, 40);
    for (int i = 0; i < events; ++i) {
      day += below(20);
      if (below(4) == 0) desk.tick(day);
      act(desk, day, i);
      hold(desk);
    }
  });
  EXPECT_TRUE(ok);
}

TEST(ProgramProperty, ARedeliveryLeavesTheStateAloneAndAnnouncesNothing) {
  const bool ok = rc::check([] {
    Desk desk{any_program()};
    std::vector<event::Event> sent;
    for (int i = 0; i < 8; ++i) {
      sent.push_back(
          desk.bought("o" + std::to_string(i), 400 + i, *inRange(0, 99'00), any_lines()));
      desk.send(sent.back());
    }
    const member::Record before = desk.record;
    const event::Event& again = sent[static_cast<std::size_t>(below(8))];
    RC_ASSERT(desk.send(again).verdict == Verdict::duplicate);
    RC_ASSERT(desk.record == before);
    RC_ASSERT(desk.effects.notices.empty() && desk.effects.entries.empty());
    RC_ASSERT(!desk.effects.order);
  });
  EXPECT_TRUE(ok);
}

TEST(ProgramProperty, AnySplitAndOrderOfARefundEndsInTheSamePoints) {
  const bool ok = rc::check([] {
    const Program program = any_program();
    const auto lines = any_lines();
    const std::int64_t total = *inRange(1, 150'00);
    std::vector<std::int64_t> parts;
    for (int i = *inRange(1, 6); i > 0; --i) parts.push_back(*inRange(0, 40'00));

    // Given the order refunded at once, in parts, and in the parts turned round.
    Desk at_once{program};
    Desk in_parts{program};
    Desk turned{program};
    for (Desk* desk : {&at_once, &in_parts, &turned}) desk->buy("o", 400, total, lines);
    std::int64_t sum = 0;
    for (const std::int64_t part : parts) {
      sum += part;
      in_parts.refund("o", 401, part);
    }
    at_once.refund("o", 401, sum);
    std::reverse(parts.begin(), parts.end());
    for (const std::int64_t part : parts) turned.refund("o", 401, part);

    // Then all three end alike.
    RC_ASSERT(at_once.record.balance == in_parts.record.balance);
    RC_ASSERT(at_once.record.balance == turned.record.balance);
    RC_ASSERT(at_once.record.level == in_parts.record.level);
  });
  EXPECT_TRUE(ok);
}

TEST(ProgramProperty, EarlyRefundsEndLikeLateOnes) {
  const bool ok = rc::check([] {
    const Program program = any_program();
    Desk early{program};
    Desk late{program};
    const auto lines = any_lines();
    const std::int64_t total = *inRange(0, 150'00);
    std::vector<std::int64_t> parts;
    for (int i = *inRange(1, 6); i > 0; --i) parts.push_back(*inRange(0, 40'00));
    for (const std::int64_t part : parts) early.refund("o", 400, part);
    early.buy("o", 400, total, lines);
    late.buy("o", 400, total, lines);
    for (const std::int64_t part : parts) late.refund("o", 400, part);
    RC_ASSERT(early.record.balance == late.record.balance);
    RC_ASSERT(early.record.lifetime_points == late.record.lifetime_points);
    RC_ASSERT(early.record.qualifying == late.record.qualifying);
  });
  EXPECT_TRUE(ok);
}

TEST(ProgramProperty, TheClockNeverChangesWhatTheMembersOwnEventsLeadTo) {
  // Given the same events with and without a clock that runs ahead between them.
  const bool ok = rc::check([] {
    const Program program = any_program();
    Desk quiet{program};
    Desk ticked{program};
    Day day = 400;
    for (int i = 0; i < 20; ++i) {
      day += below(30);
      const std::int64_t total = *inRange(0, 150'00);
      const Day ahead = day + below(100);
      quiet.buy("o" + std::to_string(i), day, total);
      ticked.buy("o" + std::to_string(i), day, total);
      ticked.tick(ahead);
      RC_ASSERT(quiet.record.qualifying == ticked.record.qualifying);
      RC_ASSERT(quiet.record.level_base == ticked.record.level_base);
      RC_ASSERT(quiet.record.balance == ticked.record.balance);
      for (Day asked = day; asked <= ahead; asked += 1 + below(20)) {
        const member::LevelState a = level_on(ticked.record, asked, ticked.series);
        const member::LevelState b = level_on(quiet.record, asked, quiet.series);
        RC_ASSERT(a.level == b.level && a.since == b.since);
      }
    }
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace fealty::program::testing
