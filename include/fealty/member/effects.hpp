#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/member/history.hpp"

namespace fealty::member {

enum class NoticeType : std::uint8_t {
  points_earned, points_redeemed, points_reserved, points_released, points_reversed,
  points_adjusted, balance_negative, refund_exceeds_order,
  tier_upgraded, tier_downgraded, tier_corrected,
  churn_raised, churn_cleared,
};
inline constexpr std::size_t notice_type_count = 13;
/// Name on the wire: "points.earned", "tier.upgraded", "churn.risk.raised", ...
std::string_view name(NoticeType type);
std::optional<NoticeType> notice_type_named(std::string_view name);

/// A number, or text with static lifetime or that of the program.
using Value = std::variant<std::int64_t, std::string_view>;
struct Detail {
  std::string_view key;  // static lifetime
  Value value;
};

/// A notification about one member. The encoder adds the member and a deterministic id:
/// hash of (member, type, cause, rule version, ordinal).
/// `cause` is the event's id, or for a change that time brought about "timer/<kind>/<ISO date>".
struct Notice {
  NoticeType type{};
  EventTime time;  // event time of the cause, or the start of the day that fell due
  std::string cause;
  std::string_view rule;  // lifetime of the program
  std::uint32_t rule_version = 0;
  std::uint32_t ordinal = 0;  // n-th notice of this type by this cause
  Value before, after;
  std::vector<Detail> details;
  std::string explanation;
};

/// All that one event, or one turn of the clock, does to one member. Reused from event to event.
struct Effects {
  std::vector<Notice> notices;
  std::vector<LedgerEntry> entries;
  std::optional<OrderGrant> order;  // new state of the order concerned
  void clear() {
    notices.clear();
    entries.clear();
    order.reset();
  }
};

}  // namespace fealty::member
