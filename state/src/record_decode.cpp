#include <algorithm>

#include "fealty/state/record_codec.hpp"
#include "src/format_error.hpp"
#include "src/level_fields.hpp"
#include "src/window_codec.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::ChurnState;
using member::LevelState;
using member::Record;
using wire::Reader;
using wire::tag;
using wire::Writer;

constexpr std::uint32_t field_last = 55;

void get(std::string_view bytes, LevelState& state, Reader& outer) {
  Reader in{bytes};
  state = {};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(state.level);
        break;
      case tag(2, wire::varint):
        in.sint(state.since);
        break;
      case tag(3, wire::varint):
        in.sint(state.check);
        break;
      default:
        in.skip(t, 3);
    }
  }
  if (!in.ok()) outer.fail();
}

void get(std::string_view bytes, ChurnState& state, Reader& outer) {
  Reader in{bytes};
  state = {};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.flag(state.raised);
        break;
      case tag(2, wire::varint):
        in.sint(state.since);
        break;
      case tag(3, wire::varint):
        in.sint(state.due);
        break;
      default:
        in.skip(t, 3);
    }
  }
  if (!in.ok()) outer.fail();
}

/// Each value is given to `take`; false = out of order, a fault.
template <class Take>
void get_ascending(std::string_view bytes, Reader& outer, Take&& take) {
  Reader in{bytes};
  std::int64_t value = 0;
  bool first = true;
  while (in.ok() && !in.at_end()) {
    const std::int64_t delta = in.raw_sint();
    if (__builtin_add_overflow(value, delta, &value) || !std::in_range<Day>(value) ||
        (!first && delta <= 0)) {
      in.fail();
      break;
    }
    first = false;
    take(static_cast<Day>(value));
  }
  if (!in.ok()) outer.fail();
}

void get_recent(std::string_view bytes, Record& record, Reader& outer) {
  if (bytes.size() % 8 != 0 || bytes.size() > Record::recent_max * 8) return outer.fail();
  if (!bytes.empty()) std::memcpy(record.recent_ids.data(), bytes.data(), bytes.size());
}

/// Fields 1 to 20. False: none of them.
bool get_common(std::uint32_t t, Reader& in, Record& record) {
  switch (t) {
    case tag(2, wire::varint):
      in.uint(record.as_of);
      return true;
    case tag(3, wire::varint):
      in.sint(record.balance);
      return true;
    case tag(4, wire::varint):
      in.sint(record.lifetime_points);
      return true;
    case tag(5, wire::varint):
      in.uint(record.ledger_seq);
      return true;
    case tag(6, wire::fixed64):
      record.ledger_hash = in.raw_fixed64();
      return true;
    case tag(7, wire::varint):
      in.uint(record.purchases);
      return true;
    case tag(8, wire::varint):
      in.sint(record.revenue_minor);
      return true;
    case tag(9, wire::bytes):
      get(in.raw_bytes(), record.level, in);
      return true;
    case tag(12, wire::bytes):
      get_ascending(in.raw_bytes(), in, [&](Day day) { record.purchase_days.push_back(day); });
      return true;
    case tag(13, wire::bytes):
      get(in.raw_bytes(), record.churn, in);
      return true;
    case tag(14, wire::varint):
      in.uint(record.churn_bp);
      return true;
    case tag(16, wire::varint):
      in.sint(record.first_day);
      return true;
    case tag(17, wire::varint):
      in.sint(record.last_day);
      return true;
    case tag(18, wire::varint):
      record.last_time = EventTime{std::chrono::milliseconds{in.raw_sint()}};
      return true;
    case tag(19, wire::bytes):
      get_recent(in.raw_bytes(), record, in);
      return true;
    case tag(20, wire::varint):
      in.uint(record.recent_next);
      if (record.recent_next >= Record::recent_max) in.fail();
      return true;
    default:
      return false;
  }
}

void get_rest(std::uint32_t t, Reader& in, Record& record, std::string_view& source_before) {
  switch (t) {
    case tag(22, wire::varint):
      in.sint(record.reserved);
      return;
    case tag(23, wire::varint):
      in.sint(record.redeemed_points);
      return;
    case tag(25, wire::varint):
      in.uint(record.refunds);
      return;
    case tag(26, wire::varint):
      in.sint(record.refunded_minor);
      return;
    case tag(29, wire::varint):
      in.uint(record.clicks);
      return;
    case tag(30, wire::varint):
      in.uint(record.views);
      return;
    case tag(31, wire::varint):
      in.uint(record.reviews);
      return;
    case tag(32, wire::varint):
      in.uint(record.logins);
      return;
    case tag(33, wire::varint):
      in.uint(record.rating_sum);
      return;
    case tag(34, wire::varint):
      in.sint(record.joined);
      return;
    case tag(35, wire::varint):
      in.sint(record.birthday);
      return;
    case tag(36, wire::bytes):
      in.text(record.rare.edit().time_zone);
      return;
    case tag(37, wire::bytes):
      in.text(record.rare.edit().attributes);
      return;
    case tag(39, wire::varint):
      in.uint(record.timer_notices);
      return;
    case tag(50, wire::bytes):
      get_delivery(in.raw_bytes(), source_before, record.deliveries, in);
      return;
    case tag(51, wire::varint):
      record.deliveries.set_left(in.raw_varint());
      return;
    case tag(52, wire::varint):
      in.uint(record.rare.edit().reservations);
      return;
    case tag(53, wire::bytes):
      get_index(in.raw_bytes(), record.rare.edit().parked, in);
      return;
    case tag(54, wire::varint):
      record.deliveries.set_named_left(in.raw_varint() != 0);
      return;
    case tag(55, wire::varint):
      record.deliveries.set_others_left(in.raw_varint() != 0);
      return;
    default:
      if (!get_levels(t, in, record)) in.skip(t, field_last);
  }
}

}  // namespace

Result<void> decode_record(std::string_view id, std::string_view bytes, Record& record) {
  record = Record{};
  record.id.assign(id);
  constexpr Day unset = -no_day;
  record.through = unset;
  Format format;
  std::string_view source_before;  // of the last delivery
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    if (t == tag(1, wire::varint)) {
      in.uint(format.number);
      if (!format.known()) break;
    } else if (!get_common(t, in, record)) {
      get_rest(t, in, record, source_before);
    }
  }
  if (record.through == unset) record.through = record.last_day;
  return verdict(in.ok() && levels_sound(record), format.number, "member");
}

}  // namespace fealty::state
