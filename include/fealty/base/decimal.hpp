#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty {

/// Decimal text -> integer in units of 10^-scale, exactly, never through a double.
/// Accepts JSON number syntax ("12", "12.3", "-1.5e2", "12.340": zeros past the scale are no loss).
/// wrong_type: no number (NaN, Infinity, "1,2", "", "+1", "0x1", leading zeros "01").
/// too_many_decimals: a non-zero digit past `scale`. out_of_range: |value| > max, or "-0" in any
/// form, which no exact decimal is. Never allocates; linear in the text, exponent bounded first.
/// Rounding::half_even: what lies past the scale is rounded to the nearest unit, halves to the even
/// one; -0 is 0.
enum class Rounding : std::uint8_t { exact, half_even };
Result<std::int64_t> parse_decimal(std::string_view text, int scale, std::int64_t max,
                                   Rounding rounding = Rounding::exact);

/// `units` * 10^-scale as decimal text with exactly `scale` decimals: (1234, 2) -> "12.34".
std::string decimal_text(std::int64_t units, int scale);
/// Same, to `out` (which must hold 24 characters); returns the length.
std::size_t write_decimal(std::int64_t units, int scale, char* out);

}  // namespace fealty
