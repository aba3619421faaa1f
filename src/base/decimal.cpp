#include "fealty/base/decimal.hpp"

#include "fealty/base/check.hpp"

namespace fealty {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Past this an exponent only says "huge" or "tiny": no text that fits in memory brings it back.
constexpr std::int64_t exponent_max = 1'000'000'000'000;

/// The parts of a JSON number: digits before and after the point, and the exponent.
struct Number {
  bool negative = false;
  std::string_view whole, fraction;
  std::int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& rest) {
  std::size_t n = 0;
  while (n < rest.size() && is_digit(rest[n])) ++n;
  const std::string_view digits = rest.substr(0, n);
  rest.remove_prefix(n);
  return digits;
}

bool take_exponent(std::string_view& rest, std::int64_t& exponent) {
  rest.remove_prefix(1);
  bool negative = false;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  const std::string_view digits = take_digits(rest);
  for (const char c : digits) {
    if (exponent < exponent_max) exponent = exponent * 10 + (c - '0');
  }
  if (negative) exponent = -exponent;
  return !digits.empty();
}

bool split(std::string_view text, Number& number) {
  if (!text.empty() && text.front() == '-') {
    number.negative = true;
    text.remove_prefix(1);
  }
  number.whole = take_digits(text);
  if (number.whole.empty() || (number.whole.size() > 1 && number.whole.front() == '0'))
    return false;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    number.fraction = take_digits(text);
    if (number.fraction.empty()) return false;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    if (!take_exponent(text, number.exponent)) return false;
  }
  return text.empty();
}

/// Digits of a number shifted so that the unit is 10^-scale; stops growing once past `max`.
struct Shifted {
  std::int64_t left;  // digits that still count; what follows them must be zero
  std::uint64_t value = 0;
  bool lost = false, too_large = false, zero = true;
  std::uint64_t next = 0;    // the first digit past the scale
  bool behind_next = false;  // one behind it is not zero

  void add(std::string_view digits, std::uint64_t max) {
    for (const char c : digits) {
      const auto digit = static_cast<std::uint64_t>(c - '0');
      zero = zero && digit == 0;
      if (left-- <= 0) {
        if (left == -1) {
          next = digit;
        } else {
          behind_next = behind_next || digit != 0;
        }
        lost = lost || digit != 0;
      } else if (!too_large) {
        value = value * 10 + digit;
        too_large = value > max;
      }
    }
  }
};

}  // namespace

Result<std::int64_t> parse_decimal(std::string_view text, int scale, std::int64_t max,
                                   Rounding rounding) {
  check(scale >= 0 && scale <= 18, "a scale is 0..18 decimals");
  check(max >= 0 && max <= 1'000'000'000'000'000'000, "ten times the bound must fit in 64 bits");
  Number number;
  if (!split(text, number)) return Error{Errc::wrong_type};

  const auto bound = static_cast<std::uint64_t>(max);
  Shifted shifted{.left = static_cast<std::int64_t>(number.whole.size()) + number.exponent + scale};
  shifted.add(number.whole, bound);
  shifted.add(number.fraction, bound);
  const bool rounds = rounding == Rounding::half_even;
  if (shifted.lost && !rounds) return Error{Errc::too_many_decimals};
  if (shifted.lost && !shifted.too_large) {
    const bool half = shifted.next == 5 && !shifted.behind_next;
    const bool up = half ? shifted.value % 2 == 1 : shifted.next >= 5;
    shifted.value += up ? 1 : 0;
    shifted.too_large = shifted.value > bound;
  }
  if (shifted.zero) {
    if (number.negative && !rounds) return Error{Errc::out_of_range};
    return std::int64_t{0};
  }
  while (shifted.left-- > 0 && !shifted.too_large) {
    shifted.value *= 10;
    shifted.too_large = shifted.value > bound;
  }
  if (shifted.too_large) return Error{Errc::out_of_range};
  const auto value = static_cast<std::int64_t>(shifted.value);
  return number.negative ? -value : value;
}

std::size_t write_decimal(std::int64_t units, int scale, char* out) {
  check(scale >= 0 && scale <= 18, "a scale is 0..18 decimals");
  char digits[24];
  int count = 0;
  // Unsigned, so that the smallest int64 has its magnitude too.
  std::uint64_t rest = units < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(units)
                                 : static_cast<std::uint64_t>(units);
  while (rest != 0 || count <= scale) {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  char* at = out;
  if (units < 0) *at++ = '-';
  while (count > 0) {
    if (count == scale) *at++ = '.';
    *at++ = digits[--count];
  }
  return static_cast<std::size_t>(at - out);
}

std::string decimal_text(std::int64_t units, int scale) {
  char text[24];
  return {text, write_decimal(units, scale, text)};
}

}  // namespace fealty
