#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "fealty/base/check.hpp"

namespace fealty::member {

/// What is remembered of a money event, so that it is known when it is delivered again.
struct Delivery {
  std::string_view id, source;  // the event's; together they name it
  std::string_view business;    // of its order, refund or redemption; empty where it has none
  std::uint64_t digest = 0;     // of its content: tells a conflict from a repeat
  std::uint8_t kind = 0;        // event type and phase, as program::kind_of
  bool named = false;           // its id text is its business or order id
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// The last money events of a member in full text, in one block of memory: texts from its start,
/// one slot an event from its end. A source that repeats the one before is kept once. What leaves
/// it is kept as rows: see member/rows.hpp.
///
/// Equal windows are equal in content, whatever came before. Sixteen is what a visit or two of a
/// busy member brings, so that most repeats are known without a look at the rows.
class DeliveryWindow {
 public:
  static constexpr std::size_t count_max = 16;
  static constexpr std::size_t bytes_max = 2048;      // of texts and slots; one event always fits
  static constexpr std::size_t text_bytes_max = 512;  // of each text

  DeliveryWindow() = default;
  DeliveryWindow(const DeliveryWindow& other);
  DeliveryWindow(DeliveryWindow&& other) noexcept;
  DeliveryWindow& operator=(const DeliveryWindow& other);
  DeliveryWindow& operator=(DeliveryWindow&& other) noexcept;
  ~DeliveryWindow() = default;

  [[nodiscard]] std::size_t size() const { return count_; }
  /// How many left it since the member's first.
  [[nodiscard]] std::uint64_t left() const { return left_; }
  /// Whether any of those was named after its subject, or was not: else there is no row of such.
  [[nodiscard]] bool named_left() const { return (left_kinds_ & 1U) != 0; }
  [[nodiscard]] bool others_left() const { return (left_kinds_ & 2U) != 0; }
  [[nodiscard]] std::size_t heap_bytes() const { return capacity_; }
  /// Asks for its memory, which is about to be read.
  void prefetch() const {
    constexpr std::size_t line = 64;
    for (std::size_t at = 0; at < capacity_; at += line) __builtin_prefetch(bytes_.get() + at);
  }

  /// Calls `visit` with each event that may have this id or one of these business ids, oldest
  /// first; it compares the texts, which are borrowed until the window changes.
  template <class Visit>
  void find(std::string_view id, std::string_view business, Visit&& visit) const {
    const std::uint16_t id_mark = mark(id), business_mark = mark(business);
    std::size_t text = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Slot slot = slot_at(i);
      const std::size_t at = text;
      text += slot.text_bytes();
      if (slot.id_mark != id_mark && slot.business_mark != business_mark &&
          slot.business_mark != id_mark) {
        continue;
      }
      visit(read(i, slot, at));
    }
  }
  /// Calls `visit` with every event, oldest first.
  template <class Visit>
  void for_each(Visit&& visit) const {
    std::size_t text = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const Slot slot = slot_at(i);
      visit(read(i, slot, text));
      text += slot.text_bytes();
    }
  }
  /// The i-th event, oldest first.
  [[nodiscard]] Delivery operator[](std::size_t i) const;

  /// Whether `next` fits without another one leaving.
  [[nodiscard]] bool has_room_for(const Delivery& next) const;
  /// Precondition: has_room_for(next). Borrows nothing.
  void push_back(const Delivery& next);
  /// The oldest one leaves. Precondition: size() > 0.
  void pop_front();
  /// Of a stored window.
  void set_left(std::uint64_t left) { left_ = left; }
  void set_named_left(bool any) { set_left_kind(1, any); }
  void set_others_left(bool any) { set_left_kind(2, any); }

  friend bool operator==(const DeliveryWindow& a, const DeliveryWindow& b);

 private:
  struct Slot {
    std::array<std::uint32_t, 2> digest;
    std::uint16_t id_size, source_size, business_size;
    std::uint16_t id_mark, business_mark;
    std::uint8_t kind, flags;
    [[nodiscard]] std::size_t text_bytes() const {
      return std::size_t{id_size} + source_size + business_size;
    }
  };
  static_assert(sizeof(Slot) == 20);
  static constexpr std::uint8_t is_named = 1, business_is_id = 2, same_source = 4;

  /// A few bits of a text, so that most texts need not be compared. Any function will do.
  static std::uint16_t mark(std::string_view text) {
    std::uint64_t tail = text.size();
    if (text.size() >= 8) {
      std::uint64_t last = 0;
      std::memcpy(&last, text.data() + text.size() - 8, 8);
      tail ^= last;
    } else {
      for (const char c : text) tail = tail << 8U | static_cast<unsigned char>(c);
    }
    return static_cast<std::uint16_t>((tail * 0x9e3779b97f4a7c15ULL) >> 48U);
  }
  [[nodiscard]] Slot slot_at(std::size_t i) const {
    Slot slot;
    std::memcpy(&slot, bytes_.get() + capacity_ - (i + 1) * sizeof(Slot), sizeof slot);
    return slot;
  }
  void put_slot(std::size_t i, const Slot& slot) {
    std::memcpy(bytes_.get() + capacity_ - (i + 1) * sizeof(Slot), &slot, sizeof slot);
  }
  void set_left_kind(std::uint8_t kind, bool any) {
    left_kinds_ = static_cast<std::uint8_t>(any ? left_kinds_ | kind : left_kinds_ & ~kind);
  }
  [[nodiscard]] Delivery read(std::size_t i, const Slot& slot, std::size_t text) const;
  [[nodiscard]] std::string_view source_of(std::size_t i, std::size_t text) const;
  [[nodiscard]] std::string_view last_source() const;
  [[nodiscard]] std::size_t used() const { return text_size_ + count_ * sizeof(Slot); }
  void reserve(std::size_t bytes);

  std::unique_ptr<char[]> bytes_;
  std::uint64_t left_ = 0;
  std::uint16_t capacity_ = 0, text_size_ = 0;
  std::uint8_t count_ = 0, left_kinds_ = 0;
};

}  // namespace fealty::member
