#pragma once

#include <cstdint>

namespace fealty::codec {

/// How a mapping says that amounts of money are written.
struct AmountFormat {
  /// What a number counts: 19.99 dollars, or 1999 cents.
  enum class Unit : std::uint8_t { major, minor };
  /// How texts are written. As JSON writes numbers, and nothing else; or as people and spreadsheets
  /// do, with this character before the decimals, digits in groups of three, and the currency
  /// before or behind it: "1.234,50 EUR", "$1,234.50".
  enum class Text : std::uint8_t { json, decimal_point, decimal_comma };
  /// What becomes of more decimals than the currency has: JSON numbers are rounded, half to even,
  /// since binary fractions leave noise in them; or texts, too; or nothing is, and the amount is
  /// refused.
  enum class Rounding : std::uint8_t { numbers, all, none };

  Unit unit = Unit::major;
  Text text = Text::json;
  Rounding rounding = Rounding::numbers;
};

}  // namespace fealty::codec
