#include "fealty/state/record_codec.hpp"
#include "src/level_fields.hpp"
#include "src/window_codec.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::ChurnState;
using member::DeliveryWindow;
using member::LevelState;
using member::Record;
using wire::Writer;

std::size_t bytes_max(const Record& record) {
  constexpr std::size_t delivery_numbers = 4 * wire::number_bytes_max + 4 * wire::head_bytes_max;
  return 38 * wire::number_bytes_max + 10 * wire::head_bytes_max + Record::recent_max * 8 +
         levels_bytes_max(record) + record.purchase_days.size() * 5 +
         record.rare->parked.size() * (2 * wire::number_bytes_max + wire::head_bytes_max) +
         record.rare->time_zone.size() + record.rare->attributes.size() +
         4 * 3 * wire::number_bytes_max +
         record.deliveries.size() * (delivery_numbers + DeliveryWindow::text_bytes_max) +
         DeliveryWindow::bytes_max;
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
  out.uint(39, record.timer_notices);
  put_levels(out, record);
}

}  // namespace

void encode_record(const Record& record, member::Offset as_of, std::string& out_bytes) {
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
  put_rest(out, record);
  put_deliveries(out, record.deliveries);
  put_index(out, record);
  out.finish();
}

}  // namespace fealty::state
