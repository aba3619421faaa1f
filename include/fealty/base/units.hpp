#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fealty/base/check.hpp"

namespace fealty {

/// Whole loyalty points. Signed, because a claw-back is a negative change. Never a fraction.
class Points {
 public:
  constexpr Points() = default;
  constexpr explicit Points(std::int64_t count) : count_{count} {}
  [[nodiscard]] constexpr std::int64_t count() const { return count_; }
  friend constexpr auto operator<=>(const Points&, const Points&) = default;
  friend constexpr Points operator+(Points a, Points b) {
    std::int64_t sum = 0;
    check(!__builtin_add_overflow(a.count_, b.count_, &sum), "decode bounds every amount");
    return Points{sum};
  }
  friend constexpr Points operator-(Points a, Points b) {
    std::int64_t difference = 0;
    check(!__builtin_sub_overflow(a.count_, b.count_, &difference), "decode bounds every amount");
    return Points{difference};
  }
  constexpr Points operator-() const { return Points{0} - *this; }
  constexpr Points& operator+=(Points other) { return *this = *this + other; }
  constexpr Points& operator-=(Points other) { return *this = *this - other; }

 private:
  std::int64_t count_ = 0;
};

/// An ISO 4217 currency code, packed (three upper-case letters, first letter in the high byte);
/// 0 = none stated.
class Currency {
 public:
  constexpr Currency() = default;
  /// Empty for a code that ISO 4217 (2024) does not list.
  static std::optional<Currency> from_code(std::string_view code);
  [[nodiscard]] constexpr bool stated() const { return packed_ != 0; }
  [[nodiscard]] constexpr std::uint32_t packed() const { return packed_; }
  static constexpr Currency from_packed(std::uint32_t packed) {
    Currency c;
    c.packed_ = packed;
    return c;
  }
  /// Decimal places of the minor unit: JPY 0, USD 2, KWD 3. Precondition: stated().
  [[nodiscard]] int scale() const;
  /// Writes the three letters to `out`, which must hold three characters.
  void write(char* out) const;
  friend constexpr bool operator==(Currency, Currency) = default;

 private:
  std::uint32_t packed_ = 0;
};

/// The largest amount accepted anywhere, in minor units: 10^15, so that sums of a thousand members'
/// lifetimes still fit in 64 bits. Anything larger is dead-lettered as out_of_range.
inline constexpr std::int64_t amount_minor_max = 1'000'000'000'000'000;
/// The largest number of points one event may name.
inline constexpr std::int64_t points_max = 1'000'000'000'000;
/// The largest quantity of one line.
inline constexpr std::int64_t quantity_max = 1'000'000'000;

}  // namespace fealty
