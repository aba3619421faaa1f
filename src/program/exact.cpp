#include "exact.hpp"

#include <charconv>

#include "fealty/base/decimal.hpp"

namespace fealty::program {
namespace {

void append_wide(std::string& out, Int128 value) {
  if (value >= INT64_MIN && value <= INT64_MAX)
    return append(out, static_cast<std::int64_t>(value));
  if (value < 0) {
    out += '-';
    value = -value;
  }
  char digits[40];
  char* at = digits + sizeof digits;
  do {
    *--at = static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  out.append(at, digits + sizeof digits);
}

Int128 gcd(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

}  // namespace

void append(std::string& out, std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_money(std::string& out, std::int64_t minor, Currency currency) {
  char text[28];
  std::size_t length = write_decimal(minor, currency.stated() ? currency.scale() : 0, text);
  if (currency.stated()) {
    text[length++] = ' ';
    currency.write(text + length);
    length += 3;
  }
  out.append(text, length);
}

void append_exact(std::string& out, Int128 num, Int128 den) {
  if (num < 0) {
    out += '-';
    num = -num;
  }
  const Int128 whole = floor_div(num, den);
  Int128 rest = num - whole * den;
  char decimals[10];
  int count = 0;
  for (; rest != 0 && count < 9; ++count) {
    rest *= 10;
    const Int128 digit = floor_div(rest, den);
    decimals[count] = static_cast<char>('0' + static_cast<int>(digit));
    rest -= digit * den;
  }
  if (rest != 0) {
    const Int128 divisor = gcd(num, den);
    append_wide(out, num / divisor);
    out += '/';
    append_wide(out, den / divisor);
    return;
  }
  append_wide(out, whole);
  if (count > 0) {
    out += '.';
    out.append(decimals, static_cast<std::size_t>(count));
  }
}

}  // namespace fealty::program
