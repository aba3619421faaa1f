#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/base/units.hpp"

namespace fealty::member {

enum class EntryKind : std::uint8_t {
  earn,
  reverse,
  redeem,
  reserve,
  capture,
  release,
  adjust,
};
/// Name on the wire: "earn", "reverse", "redeem", ...
std::string_view name(EntryKind kind);

/// What kind of event something came from; none: time itself. The names are those of the event
/// types, in their order behind `none`.
enum class CauseType : std::uint8_t {
  none,
  purchase,
  refund,
  cancel,
  click,
  view,
  review,
  login,
  redemption,
  adjustment,
  enrol,
  profile,
  consent,
  merge,
  erase,
  item,
};
inline constexpr std::size_t cause_type_count = 16;
/// Name on the wire: "purchase", ...; empty for none.
std::string_view name(CauseType type);

/// The event that brings something about. Borrows its texts.
struct Cause {
  std::string_view id, source;
  CauseType type = CauseType::none;
  EventTime time;
};

/// One immutable line of a member's ledger. `points` is the change of the member's active balance:
/// + debits "issued"/"adjustment" and credits the member, - the other way round.
/// Borrows its texts: from the effects that made it, or from the stored bytes that it was read
/// from.
struct LedgerEntry {
  std::uint64_t seq = 0;
  EntryKind kind = EntryKind::earn;
  std::int64_t points = 0;
  std::int64_t balance_after = 0;
  EventTime time;              // event time
  std::uint64_t position = 0;  // input position of the cause
  std::string_view cause;      // event id
  std::string_view cause_source;
  CauseType cause_type = CauseType::none;
  std::string_view
      rule;  // names of the rules that gave points, joined by '+'; "refund", "redemption", ...
  std::uint32_t rule_version = 0;  // the program's version
  std::string_view order_id;       // empty where no order is concerned
  std::string_view explanation;    // how the number came about, in words and figures
  std::uint64_t hash = 0;          // chain: mix(previous entry's hash, this entry)
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

/// What an order granted, by line, with all that a reversal needs; never recomputed with today's
/// level. Replaced as a whole by each refund.
struct OrderLine {
  std::string line, sku;
  std::int64_t quantity = 0;
  std::int64_t amount_minor = 0;    // quantity * price
  std::int64_t refunded_minor = 0;  // of it, at most amount_minor
  std::int64_t refunded_quantity = 0;
  std::uint64_t rules = 0;  // bit i: rule i of the program matched this line
  friend bool operator==(const OrderLine&, const OrderLine&) = default;
};
struct OrderGrant {
  std::string order_id;
  std::string cause, cause_source;  // the purchase's event id
  std::uint64_t digest = 0;         // of its content
  EventTime time;
  Currency currency;
  std::int64_t total_minor = 0, subtotal_minor = 0, tax_minor = 0, shipping_minor = 0,
               discount_minor = 0, points_paid = 0;
  std::int64_t refunded_minor = 0;  // of total_minor, at most that
  std::uint64_t rules = 0;          // bit i: order-level rule i of the program matched
  std::uint8_t level = 0;           // that the multiplier came from
  std::uint32_t program_version = 0;
  std::int64_t granted = 0;     // points
  std::int64_t reversed = 0;    // of them, 0..granted
  std::int64_t qualifying = 0;  // what the order adds to the qualifying metric, after refunds
  std::vector<OrderLine> lines;
  friend bool operator==(const OrderGrant&, const OrderGrant&) = default;
};

/// A refund that came before its purchase, kept as a row until that arrives. Borrows its texts:
/// from the event, or from the stored bytes that it was read from.
struct ParkedRefund {
  std::string_view order_id, refund_id, reason;
  std::string_view event_id, event_source;
  CauseType type = CauseType::refund;
  EventTime time;
  Currency currency;
  bool whole_order = true;
  bool has_amount = false;
  std::int64_t amount_minor = 0;
  struct Line {
    std::string_view line, sku;
    std::int64_t quantity = -1;      // -1 = not stated
    std::int64_t amount_minor = -1;  // -1 = not stated
    friend bool operator==(const Line&, const Line&) = default;
  };
  std::vector<Line> lines;
  friend bool operator==(const ParkedRefund&, const ParkedRefund&) = default;
};

}  // namespace fealty::member
