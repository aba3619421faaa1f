#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fealty/base/hash.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/history.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/member_store.hpp"

/// Members, histories and checkpoints that the tests of this room share.
namespace fealty::state::samples {

inline EventTime at_ms(std::int64_t ms) { return EventTime{std::chrono::milliseconds{ms}}; }
inline Currency usd() { return Currency::from_packed('U' << 16 | 'S' << 8 | 'D'); }

/// A member as most are: a few purchases, some clicks.
inline member::Record typical_member(std::string id, std::uint64_t salt = 0) {
  member::Record r;
  r.id = std::move(id);
  r.as_of = 1'000'000 + salt;
  r.balance = 1'234 + static_cast<std::int64_t>(salt);
  r.lifetime_points = 2'345;
  r.ledger_seq = 6;
  r.ledger_hash = 0x1234567890abcdef;
  r.purchases = 5;
  r.revenue_minor = 234'567;
  r.level = {.level = 1, .since = 20'100, .check = 20'454};
  r.qualifying = {{20'001, 20'001, 100'000}, {20'100, 20'100, 134'567}};
  r.purchase_days = {20'001, 20'010, 20'100, 20'222, 20'300};
  r.churn = {.raised = false, .since = 0, .due = 20'450};
  r.churn_bp = 4'321;
  r.first_day = 20'000;
  r.last_day = r.through = 20'300;
  r.last_time = at_ms(20'300LL * 86'400'000 + 12'345);
  for (std::size_t i = 0; i < 12; ++i) r.recent_ids[i] = mix(salt, i);
  r.recent_next = 12;
  for (std::uint64_t i = 0; i < 5; ++i) {
    const std::string n = std::to_string(1'000 * salt + i);
    const std::string event = "e-" + n, order = "o-" + n;
    r.deliveries.push_back({event, "/shop", order, mix(salt, i + 99), 0, false});
  }
  r.clicks = 40;
  r.views = 77;
  r.logins = 3;
  return r;
}

/// Every field set, to something that no other field has.
inline member::Record full_member() {
  member::Record r = typical_member("zoë\xc3\xa9", 7);
  r.balance = -500;
  r.reserved = 120;
  r.redeemed_points = 3'000;
  r.rare.edit().reservations = 2;
  r.refunds = 2;
  r.refunded_minor = 4'499;
  r.qualifying = {{19'000, 19'000, 70'000}, {20'100, 20'100, 134'567}, {20'100, 20'250, -4'499}};
  r.level_base = {.day = 19'800, .since = 19'001, .falls = 19'830, .level = 2};
  r.announced.edit().level = {{0x0102030405060708, 0x1112131415161718}, 20'299};
  r.announced.edit().churn = {{0x2122232425262728, 0x3132333435363738}, 20'301};
  r.through = 20'301;
  r.churn = {.raised = true, .since = 20'299, .due = 20'999};
  r.timer_notices = 3;
  r.reviews = 9;
  r.rating_sum = 41;
  r.joined = 19'000;
  r.birthday = -3'000;
  r.rare.edit().time_zone = "Europe/Vienna";
  r.rare.edit().attributes = R"({"vip":true})";
  r.recent_ids.fill(0x77);
  r.recent_next = 15;
  r.deliveries.pop_front();
  r.deliveries.push_back({"r-1", "", "", 0, 1, false});
  r.deliveries.push_back({"r-2", "/till", "r-2", 7, 0x31, true});
  r.deliveries.push_back({"r-3", "/till", {}, 8, 8, false});
  r.deliveries.set_left(1'234);
  r.deliveries.set_named_left(true);
  r.rare.edit().parked = {{11, 3}, {12, 0}};
  return r;
}

/// A text that outlives every entry that borrows it.
inline std::string_view kept(std::string text) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::move(text));
}

inline member::LedgerEntry entry(std::uint64_t seq, std::int64_t points = 20) {
  return {.seq = seq,
          .kind = points < 0 ? member::EntryKind::redeem : member::EntryKind::earn,
          .points = points,
          .balance_after = 1'000 + points,
          .time = at_ms(1'700'000'000'000 + static_cast<std::int64_t>(seq)),
          .position = seq * 10,
          .cause = kept("event-" + std::to_string(seq)),
          .cause_source = "/shop",
          .cause_type = points < 0 ? member::CauseType::redemption : member::CauseType::purchase,
          .rule = "base+double",
          .rule_version = 3,
          .order_id = kept("order-" + std::to_string(seq)),
          .explanation = "20 points: 1 point per whole USD of 20.50 USD",
          .hash = mix(seq, 5)};
}

inline member::OrderGrant order(std::uint64_t number, std::int64_t granted = 20) {
  return {.order_id = "order-" + std::to_string(number),
          .cause = "event-" + std::to_string(number),
          .cause_source = "/shop",
          .digest = mix(number, 77),
          .time = at_ms(1'700'000'000'000),
          .currency = usd(),
          .total_minor = 2'050,
          .subtotal_minor = 1'800,
          .tax_minor = 200,
          .shipping_minor = 100,
          .discount_minor = 50,
          .points_paid = 5,
          .refunded_minor = 12,
          .rules = 0x8000000000000001,
          .level = 2,
          .program_version = 3,
          .granted = granted,
          .reversed = 1,
          .qualifying = 2'038,
          .lines = {{"1", "sku-1", 2, 1'000, 12, 1, 3}, {"", "sku-2", 1, 800, 0, 0, 0}}};
}

inline member::ParkedRefund parked() {
  member::ParkedRefund p;
  p.order_id = "o-11";
  p.refund_id = "r-11";
  p.event_id = "e-11";
  p.event_source = "/till";
  p.type = member::CauseType::refund;
  p.reason = "broken";
  p.time = at_ms(1'700'000'000'123);
  p.currency = usd();
  p.whole_order = false;
  p.has_amount = true;
  p.amount_minor = 0;
  p.lines = {{"1", "sku-1", 2, -1}, {"2", "", -1, 550}};
  return p;
}

/// What one save adds beside a member.
struct History {
  std::vector<member::LedgerEntry> entries;
  std::vector<member::OrderGrant> orders;
  std::vector<member::RowChange> rows;  // a parked refund that is put is parked()
};
inline History history(std::uint64_t seq) {
  return {.entries = {entry(seq), entry(seq + 1, -7)}, .orders = {order(seq)}, .rows = {}};
}

inline member::RowChange put(member::RowKey key, member::DeliveryRow delivery = {},
                             std::int64_t reserved = 0) {
  member::RowChange change;
  change.key = key;
  change.delivery = delivery;
  change.reserved = reserved;
  return change;
}
inline member::RowChange erase(member::RowKey key) {
  member::RowChange change = put(key);
  change.what = member::RowChange::What::erase;
  return change;
}

inline ports::Checkpoint checkpoint(std::uint64_t committed) {
  ports::Checkpoint c;
  c.recover_from = committed / 2;
  c.committed = committed;
  c.clock = {.now = at_ms(1'700'000'000'000),
             .confirmed = true,
             .suspect = at_ms(1'800'000'000'000),
             .suspect_member = 0x1234567890abcdef};
  c.advances = {{.position = committed / 2, .time = at_ms(1'700'000'000'001)},
                {.position = committed, .time = at_ms(1'700'000'000'002)}};
  c.refused = {committed / 2, committed};
  c.recorded_to = committed + 1;
  c.recorded_clock = {.now = at_ms(1'700'000'000'003)};
  c.note = "turn 7 anna";
  c.program_id = "shop";
  c.turned_to = 19'000;
  c.generations = {{.version = 3, .fingerprint = 0xabcdef},
                   {.version = 4, .fingerprint = 0xabcdf0, .valid_from = 19'100, .adopted_at = 7}};
  c.core_revision = 1;
  return c;
}

}  // namespace fealty::state::samples
