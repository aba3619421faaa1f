#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/program/program.hpp"

/// Exact integer arithmetic and the text of exact numbers, for the leaves of this room.
namespace fealty::program {

constexpr Int128 floor_div(Int128 num, Int128 den) {
  if (num >= 0 && num <= INT64_MAX && den <= INT64_MAX) {  // the usual case, six times faster
    return static_cast<std::int64_t>(num) / static_cast<std::int64_t>(den);
  }
  const Int128 quotient = num / den;
  return num % den != 0 && num < 0 ? quotient - 1 : quotient;
}

/// num / den rounded by `mode`; half_up is towards +infinity. Precondition: den > 0, |num|, den <
/// 2^125.
constexpr Int128 rounded(Int128 num, Int128 den, RoundingMode mode) {
  const Int128 low = floor_div(num, den);
  const Int128 rest = num - low * den;
  if (rest == 0) return low;
  switch (mode) {
    case RoundingMode::floor:
      return low;
    case RoundingMode::ceil:
      return low + 1;
    case RoundingMode::half_up:
      return 2 * rest >= den ? low + 1 : low;
    case RoundingMode::half_even:
      if (2 * rest == den) return low + (low & 1);
      return 2 * rest > den ? low + 1 : low;
  }
  return low;
}

/// floor(amount * part / whole) without overflow. Precondition: all >= 0, whole > 0.
constexpr std::int64_t share(std::int64_t amount, std::int64_t part, std::int64_t whole) {
  return static_cast<std::int64_t>(floor_div(Int128{amount} * part, whole));
}

void append(std::string& out, std::int64_t number);
/// "12.50 USD".
void append_money(std::string& out, std::int64_t minor, Currency currency);
/// The exact number: "96.875" where nine decimals hold it, else "31/3".
void append_exact(std::string& out, Int128 num, Int128 den);

}  // namespace fealty::program
