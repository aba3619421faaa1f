#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/check.hpp"
#include "fealty/member/history.hpp"

/// What lies beside a member's record, each row found by its full name and never by a hash: an
/// order, a delivery key that has left the record's window, a parked refund, a reservation.
namespace fealty::member {

enum class RowKind : std::uint8_t {
  order,        // by order id: its grant, and at once the delivery key of its purchase
  delivery,     // by scope and texts, see below: which event it was
  parked,       // by number: a refund that waits for its purchase
  reservation,  // by redemption id: the points that it holds
};
inline constexpr std::size_t row_kind_count = 4;

/// Names a row among those of its member. Borrows its texts.
struct RowKey {
  RowKind kind{};
  /// Of delivery: by_event = `first` and `second` are an event's id and source; by_named_event +
  /// kind = the same, of an event of that type named after its order; else by_business + kind =
  /// `first` is the business id. Of parked: the number.
  std::uint8_t scope = 0;
  std::string_view first, second;
  friend bool operator==(const RowKey&, const RowKey&) = default;

  static constexpr std::uint8_t by_event = 0, by_business = 0x40, by_named_event = 0x80;
  static RowKey order(std::string_view order_id) { return {RowKind::order, 0, order_id, {}}; }
  static RowKey event(std::string_view id, std::string_view source) {
    return {RowKind::delivery, by_event, id, source};
  }
  static RowKey named_event(std::uint8_t kind, std::string_view id, std::string_view source) {
    return {RowKind::delivery, static_cast<std::uint8_t>(by_named_event | kind), id, source};
  }
  static RowKey business(std::uint8_t kind, std::string_view id) {
    return {RowKind::delivery, static_cast<std::uint8_t>(by_business | kind), id, {}};
  }
  static RowKey parked(std::uint8_t number) { return {RowKind::parked, number, {}, {}}; }
  static RowKey reservation(std::string_view redemption_id) {
    return {RowKind::reservation, 0, redemption_id, {}};
  }
};

/// Which event a delivery key was used by. A key that names the event itself leaves its texts out.
struct DeliveryRow {
  std::string_view id, source;
  std::uint64_t digest = 0;
  std::uint8_t kind = 0;
  friend bool operator==(const DeliveryRow&, const DeliveryRow&) = default;
};

/// One change of a member's rows by an event. Borrows its texts, as all effects do.
struct RowChange {
  enum class What : std::uint8_t {
    put,
    erase,
    left,  // the row is there already; its key has just left the record's window
  };
  What what = What::put;
  bool of_window = false;  // a delivery key that has just left the record's window
  RowKey key;
  DeliveryRow delivery;       // of a delivery row; an order or a parked refund is in Effects
  std::int64_t reserved = 0;  // of a reservation: points
};

/// A row that an event needs, and what was found under its key. Keeps its memory.
struct FoundRow {
  RowKey key;
  /// There is none unless its key has left the record's window: who keeps those keys need not look.
  bool left_only = false;
  bool found = false;
  std::string bytes;  // what parked and delivery borrow from

  OrderGrant order;
  DeliveryRow delivery;
  ParkedRefund parked;
  std::int64_t reserved = 0;
};

/// The rows that one event needs: asked for by program::rows_needed(), looked up by the host, read
/// by program::apply(). Reused from event to event.
class Rows {
 public:
  void clear() { size_ = 0; }
  void need(const RowKey& key, bool left_only) {
    if (size_ == rows_.size()) rows_.emplace_back();
    FoundRow& row = rows_[size_++];
    row.key = key;
    row.left_only = left_only;
    row.found = false;
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::span<FoundRow> all() { return {rows_.data(), size_}; }
  /// The row of this key, which was asked for; nullptr where there is none.
  [[nodiscard]] const FoundRow* find(const RowKey& key) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (rows_[i].key == key) return rows_[i].found ? &rows_[i] : nullptr;
    }
    check(false, "a row is asked for before it is read");
    return nullptr;
  }

 private:
  std::vector<FoundRow> rows_;
  std::size_t size_ = 0;
};

}  // namespace fealty::member
