#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "fealty/base/time.hpp"
#include "fealty/base/units.hpp"

/// The event vocabulary: what a member did, after decoding. Plain types; all text borrows from the
/// batch that the event was decoded into and dies with it. Amounts are integers in minor units of
/// the event's currency. An absent text is empty, an absent number is nullopt.
namespace fealty::event {

/// Position of a record in its partition's input; dense in a file replay, increasing in Kafka.
using Offset = std::uint64_t;

enum class Type : std::uint8_t {
  purchase, refund, cancel, click, view, review, login, redemption,
  adjustment, enrol, profile, consent, merge, erase, item,
};
inline constexpr std::size_t type_count = 15;
/// Name on the wire: "purchase", ...
std::string_view name(Type type);
std::optional<Type> type_named(std::string_view name);

/// Purchase, refund, cancel, redemption, adjustment: each is known for ever when it is delivered
/// again, and only these need rows beside the record. Others are known among the last few.
constexpr bool touches_money(Type type) {
  switch (type) {
    case Type::purchase:
    case Type::refund:
    case Type::cancel:
    case Type::redemption:
    case Type::adjustment:
      return true;
    default:
      return false;
  }
}

/// One line of an order. price is per unit; amount = quantity * price.
struct Line {
  std::string_view line;  // the shop's own line id, may be empty
  std::string_view sku;
  std::string_view category;
  std::string_view brand;
  std::int64_t quantity = 1;     // 1..quantity_max
  std::int64_t price_minor = 0;  // 0..amount_minor_max
};

struct Purchase {
  std::string_view order_id;
  Currency currency;
  std::int64_t total_minor = 0;
  std::optional<std::int64_t> subtotal_minor, tax_minor, shipping_minor, discount_minor;
  std::optional<std::int64_t> points_paid;
  std::string_view channel, store;
  std::span<const Line> lines;
};

/// Neither amount nor lines: the whole order.
struct RefundLine {
  std::string_view line, sku;                // one of the two names the order's line
  std::optional<std::int64_t> quantity;      // absent with amount absent: all that is left
  std::optional<std::int64_t> amount_minor;  // wins over quantity
};
struct Refund {
  std::string_view order_id;
  std::string_view refund_id;  // else the event's id identifies it
  Currency currency;           // else the order's
  std::optional<std::int64_t> amount_minor;
  std::span<const RefundLine> lines;
  std::string_view reason;
};
struct Cancel {
  std::string_view order_id;
};
/// Click and view, told apart by Event::type.
struct Touch {
  std::string_view sku, category, brand, channel;
  std::optional<std::int64_t> dwell_ms;
};
struct Review {
  std::string_view sku, review_id, text, language;
  std::int32_t rating = 0;  // 1..5
};
struct Login {
  std::string_view channel;
};
enum class RedemptionPhase : std::uint8_t { at_once, reserve, capture, release };
struct Redemption {
  std::string_view redemption_id;
  std::int64_t points = 0;  // 1..points_max; 0 allowed for capture and release
  std::string_view reward;
  RedemptionPhase phase = RedemptionPhase::at_once;
};
struct Adjustment {
  std::int64_t points = 0;  // signed, not 0, |points| <= points_max
  std::string_view actor, reason;
};
/// Enrol and profile, told apart by Event::type. Dates are days since the epoch.
struct Profile {
  std::optional<Day> joined, birthday;
  std::string_view time_zone;
  std::string_view attributes;  // raw JSON object, may be empty
};
/// Types that this release decodes, counts and stores nothing of: consent, merge, erase, item.
struct Other {
  std::string_view data;  // raw JSON of the data object
};

using Data = std::variant<Purchase, Refund, Cancel, Touch, Review, Login, Redemption, Adjustment,
                          Profile, Other>;

struct Event {
  Type type{};
  std::string_view id;      // never empty
  std::string_view source;  // may be empty
  std::string_view member;  // never empty, at most member_bytes_max
  EventTime time;
  std::uint64_t member_hash = 0;  // hash64(member)
  // By which it is known when it is delivered again. What touches money: a digest of all decoded
  // fields but id and source, which tells a conflict from a repeat. Others: hash64(id,
  // hash64(source)). The one that is not needed is 0.
  std::uint64_t digest = 0, id_hash = 0;
  Data data;
};

inline constexpr std::size_t member_bytes_max = 256;
inline constexpr std::size_t id_bytes_max = 512;
inline constexpr std::size_t lines_max = 1000;

}  // namespace fealty::event
