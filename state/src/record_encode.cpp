#include "fealty/state/record_codec.hpp"
#include "src/level_fields.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::ChurnState;
using member::LevelState;
using member::ParkedRefund;
using member::Record;
using wire::Writer;

std::size_t bytes_max(const ParkedRefund& parked) {
  std::size_t size = 8 * wire::number_bytes_max + 5 * wire::head_bytes_max +
                     parked.order_id.size() + parked.refund_id.size() + parked.event_id.size() +
                     parked.reason.size();
  for (const auto& line : parked.lines) {
    size +=
        2 * wire::number_bytes_max + 3 * wire::head_bytes_max + line.line.size() + line.sku.size();
  }
  return size;
}

std::size_t bytes_max(const Record& record) {
  std::size_t size = 35 * wire::number_bytes_max + 10 * wire::head_bytes_max +
                     Record::recent_max * 8 + levels_bytes_max(record) +
                     record.purchase_days.size() * 5 + record.money_keys.size() * 16 +
                     record.rare->reservations.size() * 24 + record.rare->time_zone.size() +
                     record.rare->attributes.size() + 4 * 3 * wire::number_bytes_max;
  for (const auto& parked : record.rare->parked) size += bytes_max(parked);
  return size;
}

void put(Writer& out, std::uint32_t field, const LevelState& state) {
  out.nested(field, [&] {
    out.uint(1, state.level);
    out.sint(2, state.since);
    out.optional_sint(3, state.check, no_day);
  });
}

void put(Writer& out, std::uint32_t field, const ChurnState& state) {
  out.nested(field, [&] {
    out.uint(1, state.raised ? 1 : 0);
    out.sint(2, state.since);
    out.optional_sint(3, state.due, no_day);
  });
}

void put(Writer& out, std::uint32_t field, const ParkedRefund& parked) {
  out.nested(field, [&] {
    out.fixed(1, parked.order_key);
    out.text(2, parked.order_id);
    out.text(3, parked.refund_id);
    out.text(4, parked.event_id);
    out.text(5, parked.reason);
    out.sint(6, parked.time.time_since_epoch().count());
    out.uint(7, parked.currency.packed());
    out.uint(8, parked.whole_order ? 0 : 1);
    if (parked.has_amount) out.always_sint(9, parked.amount_minor);
    for (const auto& line : parked.lines) {
      out.nested(10, [&] {
        out.text(1, line.line);
        out.text(2, line.sku);
        out.optional_sint(3, line.quantity, -1);
        out.optional_sint(4, line.amount_minor, -1);
      });
    }
  });
}

void put_days(Writer& out, std::uint32_t field, const member::PurchaseDays& days) {
  if (days.empty()) return;
  out.nested(field, [&] {
    std::int64_t before = 0;
    for (const Day day : days) {
      out.raw_varint(wire::zigzag(day - before));
      before = day;
    }
  });
}

void put_recent(Writer& out, const Record& record) {
  std::size_t used = Record::recent_max;
  while (used > 0 && record.recent_ids[used - 1] == 0) --used;
  if (used > 0) {
    out.nested(19, [&] { out.raw(record.recent_ids.data(), used * sizeof(std::uint64_t)); });
  }
  out.uint(20, record.recent_next);
}

void put_rest(Writer& out, const Record& record) {
  out.sint(22, record.reserved);
  out.sint(23, record.redeemed_points);
  for (const auto& reservation : record.rare->reservations) {
    out.nested(24, [&] {
      out.fixed(1, reservation.key);
      out.sint(2, reservation.points);
    });
  }
  out.uint(25, record.refunds);
  out.sint(26, record.refunded_minor);
  out.uint(29, record.clicks);
  out.uint(30, record.views);
  out.uint(31, record.reviews);
  out.uint(32, record.logins);
  out.uint(33, record.rating_sum);
  out.optional_sint(34, record.joined, no_day);
  out.optional_sint(35, record.birthday, no_day);
  out.text(36, record.rare->time_zone);
  out.text(37, record.rare->attributes);
  for (const auto& parked : record.rare->parked) put(out, 38, parked);
  out.uint(39, record.timer_notices);
  put_levels(out, record);
}

}  // namespace

void RecordEncoder::encode(const Record& record, member::Offset as_of, std::string& out_bytes) {
  Writer out{out_bytes, bytes_max(record)};
  out.always_uint(1, format_version);
  out.uint(2, as_of);
  out.sint(3, record.balance);
  out.sint(4, record.lifetime_points);
  out.uint(5, record.ledger_seq);
  out.fixed(6, record.ledger_hash);
  out.uint(7, record.purchases);
  out.sint(8, record.revenue_minor);
  if (record.level != LevelState{}) put(out, 9, record.level);
  put_days(out, 12, record.purchase_days);
  if (record.churn != ChurnState{}) put(out, 13, record.churn);
  out.uint(14, record.churn_bp);
  out.optional_sint(16, record.first_day, no_day);
  out.optional_sint(17, record.last_day, -1);
  out.sint(18, record.last_time.time_since_epoch().count());
  put_recent(out, record);
  if (record.money_keys.size() > 0) {
    record.money_keys.copy_sorted(sorted_);
    out.nested(21, [&] { out.raw(sorted_.data(), sorted_.size() * sizeof sorted_[0]); });
  }
  put_rest(out, record);
  out.finish();
}

}  // namespace fealty::state
