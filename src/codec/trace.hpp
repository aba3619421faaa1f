#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "token.hpp"

namespace fealty::codec {

/// The lines of one array: `count` rows of one token a slot.
struct LineRows {
  std::vector<Token> tokens;
  std::size_t slots = 0;
  std::size_t count = 0;
  std::size_t no_objects = 0;  // elements that are no lines at all
  bool too_many = false;       // there are more than event::lines_max
  void clear() {
    count = no_objects = 0;
    too_many = false;
  }
  [[nodiscard]] const Token* row(std::size_t i) const { return tokens.data() + i * slots; }
  /// One more row, all absent. Moves the others.
  Token* add_row() {
    const std::size_t first = count * slots;
    if (tokens.size() < first + slots) tokens.resize(2 * first + slots);
    Token* const row = tokens.data() + first;
    for (std::size_t i = 0; i < slots; ++i) row[i] = Token{};
    ++count;
    return row;
  }
};

/// Where a token is captured.
struct Place {
  static constexpr std::int16_t nowhere = -2, in_slots = -1;
  std::int16_t line_set = nowhere;
  std::uint16_t row = 0;  // of a line set
  std::uint8_t slot = 0;
};

/// A value of which nobody knows which one was meant.
struct Ambiguous {
  enum class Why : std::uint8_t {
    repeated,  // its key came again
    many,      // the only element of an array was asked for, and there are others
  };
  Place place;
  Why why{};
};

/// What one record says, by slot. Reused from record to record.
struct Captured {
  std::vector<Token> slots;
  std::vector<LineRows> lines;
  bool escapes = false;  // there is a backslash in the record
  std::vector<Ambiguous> ambiguous;
  bool odd = false;  // something is, or some lines are none: another record of this shape may not be

  /// Where a token of these lies.
  [[nodiscard]] Place place_of(const Token& token) const;
};

/// What a walk over a record captured, in the order of its text. Bounded.
class Trace {
 public:
  enum class What : std::uint8_t {
    scalar,     // from `begin` to `end`
    container,  // begins at `begin`
    raw,        // a container that ends at `end` is kept as text
    row,        // a line of `place.line_set`
  };
  struct Item {
    What what{};
    Place place;
    const char* begin = nullptr;
    const char* end = nullptr;
  };
  static constexpr std::size_t items_max = 256;

  explicit Trace(const Captured& captured) : captured_{captured} { items_.reserve(items_max); }

  void clear() {
    items_.clear();
    complete_ = true;
  }
  void add(const Item& item) {
    complete_ = complete_ && items_.size() < items_max;
    if (complete_) items_.push_back(item);
  }
  /// Where `token`, of what is captured, lies now.
  [[nodiscard]] Place place_of(const Token& token) const;
  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  const Captured& captured_;
  std::vector<Item> items_;
  bool complete_ = true;
};

}  // namespace fealty::codec
