#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fealty/base/arena.hpp"
#include "fealty/base/check.hpp"
#include "fealty/base/time.hpp"
#include "fealty/member/history.hpp"
#include "fealty/member/rows.hpp"

namespace fealty::member {

enum class NoticeType : std::uint8_t {
  points_earned,
  points_redeemed,
  points_reserved,
  points_released,
  points_reversed,
  points_adjusted,
  balance_negative,
  refund_exceeds_order,
  tier_upgraded,
  tier_downgraded,
  tier_corrected,
  churn_raised,
  churn_cleared,
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

/// A notice's details, in the order in which they are written. At most details_max.
class Details {
 public:
  static constexpr std::size_t details_max = 8;
  Details() = default;
  Details(std::initializer_list<Detail> details) {
    for (const Detail& detail : details) push_back(detail);
  }
  void push_back(const Detail& detail) {
    check(size_ < details_max, "a notice has few details");
    details_[size_++] = detail;
  }
  [[nodiscard]] const Detail* begin() const { return details_.data(); }
  [[nodiscard]] const Detail* end() const { return details_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const Detail& operator[](std::size_t i) const {
    check(i < size_, "a detail that is there");
    return details_[i];
  }
  [[nodiscard]] const Detail& back() const { return (*this)[size_ - 1]; }

 private:
  std::array<Detail, details_max> details_;
  std::size_t size_ = 0;
};

/// A notification about one member. The encoder adds the member and a deterministic id:
/// hash of (member, type, cause, its source and type, rule version, ordinal).
/// `cause` is the event's id, or for a change that time brought about "timer/<kind>/<ISO date>",
/// without source and type.
/// Borrows its texts: from the event, the program, or Effects::keep().
struct Notice {
  NoticeType type{};
  EventTime time;  // event time of the cause, or the start of the day that fell due
  std::string_view cause, cause_source;
  CauseType cause_type = CauseType::none;
  std::string_view rule;
  std::uint32_t rule_version = 0;
  std::uint32_t ordinal = 0;  // n-th notice of this type by this cause
  Value before, after;
  Details details;
  std::string_view explanation;
};

/// What at most one of comes out of an event: an order's new state, a refund to be parked. Keeps
/// its memory when emptied.
template <class T>
class Slot {
 public:
  /// One to be filled in; what it held before is still there.
  T& renew() {
    has_ = true;
    return value_;
  }
  void reset() { has_ = false; }
  [[nodiscard]] bool has_value() const { return has_; }
  explicit operator bool() const { return has_; }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  T& value() {
    check(has_, "a value that is there");
    return value_;
  }
  [[nodiscard]] const T& value() const {
    check(has_, "a value that is there");
    return value_;
  }
  T value_;
  bool has_ = false;
};

/// All that one event, or one turn of the clock, does to one member. Reused from event to event:
/// once warm, it allocates nothing.
///
/// Owns: texts made while the event is applied; they die at clear(). Everything else is borrowed at
/// least as long. Threads: one.
class Effects {
 public:
  std::vector<Notice> notices;
  std::vector<LedgerEntry> entries;
  std::vector<RowChange> rows;  // in order; an order put is `order`, a parked refund `parked`
  Slot<OrderGrant> order;       // new state of the order concerned
  Slot<ParkedRefund> parked;

  /// `text`, kept until clear().
  std::string_view keep(std::string_view text) { return texts_.copy(text); }
  /// An empty string to write a text into that is then kept.
  std::string& draft() {
    draft_.clear();
    return draft_;
  }
  void clear() {
    notices.clear();
    entries.clear();
    rows.clear();
    order.reset();
    parked.reset();
    texts_.reset();
  }

 private:
  Arena texts_{std::size_t{16} * 1024};
  std::string draft_;
};

}  // namespace fealty::member
