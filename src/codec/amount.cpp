#include "amount.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "fealty/base/check.hpp"

namespace fealty::codec {
namespace {

constexpr std::array<std::string_view, 3> spaces{" ", "\xc2\xa0", "\xe2\x80\xaf"};
constexpr std::array<std::string_view, 9> signs{
    "\xe2\x82\xac", "$",  "\xc2\xa3", "\xc2\xa5", "\xe2\x82\xb9", "\xe2\x82\xbd",
    "\xe2\x82\xba", "kr", "z\xc5\x82"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class List>
std::size_t at_front(std::string_view text, const List& list) {
  for (const std::string_view one : list) {
    if (text.starts_with(one)) return one.size();
  }
  return 0;
}
template <class List>
std::size_t at_back(std::string_view text, const List& list) {
  for (const std::string_view one : list) {
    if (text.ends_with(one)) return one.size();
  }
  return 0;
}

void trim(std::string_view& text) {
  while (const std::size_t size = at_front(text, spaces)) text.remove_prefix(size);
  while (const std::size_t size = at_back(text, spaces)) text.remove_suffix(size);
}

/// The currency's code or sign on one side, if there is one; nullopt where a code is none.
std::optional<Currency> take_currency(std::string_view& text) {
  const auto is_code = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  };
  constexpr std::size_t code_size = 3;
  std::string_view code;
  if (text.size() > code_size && is_code(text.substr(0, code_size))) {
    code = text.substr(0, code_size);
    text.remove_prefix(code_size);
  } else if (text.size() > code_size && is_code(text.substr(text.size() - code_size))) {
    code = text.substr(text.size() - code_size);
    text.remove_suffix(code_size);
  } else if (const std::size_t before = at_front(text, signs)) {
    text.remove_prefix(before);
  } else {
    text.remove_suffix(at_back(text, signs));
  }
  trim(text);
  return code.empty() ? Currency{} : Currency::from_code(code);
}

/// A separator of groups before `text` ends; empty where there is none.
std::string_view separator_at(std::string_view text, char grouping) {
  if (text.starts_with(grouping) || text.starts_with('\'')) return text.substr(0, 1);
  return text.substr(0, at_front(text, spaces));
}

/// Digits in groups of three, or in none, to `out`; false where they are neither.
bool take_whole(std::string_view& text, char grouping, char*& out) {
  std::size_t in_group = 0;
  bool grouped = false;
  std::string_view separator;
  while (!text.empty()) {
    if (is_digit(text.front())) {
      *out++ = text.front();
      text.remove_prefix(1);
      ++in_group;
      continue;
    }
    const std::string_view next = separator_at(text, grouping);
    if (next.empty()) break;
    const bool fits = grouped ? in_group == 3 && next == separator : in_group >= 1 && in_group <= 3;
    if (!fits) return false;
    separator = next;
    grouped = true;
    in_group = 0;
    text.remove_prefix(next.size());
  }
  return grouped ? in_group == 3 : in_group > 0;
}

}  // namespace

Result<std::string_view> plain_amount(std::string_view text, AmountFormat::Text format,
                                      Currency currency, Arena& arena) {
  check(format != AmountFormat::Text::json, "JSON's own numbers need no reading");
  const bool comma = format == AmountFormat::Text::decimal_comma;
  const char point = comma ? ',' : '.', grouping = comma ? '.' : ',';
  const Error refused{Errc::wrong_type};
  trim(text);
  const auto sign = [&text] {
    if (text.empty() || (text.front() != '-' && text.front() != '+')) return ' ';
    const char found = text.front();
    text.remove_prefix(1);
    trim(text);
    return found;
  };
  char minus = sign();
  const auto named = take_currency(text);
  if (!named) return Error{Errc::unknown_currency};
  if (named->stated() && currency.stated() && *named != currency) {
    return Error{Errc::unknown_currency};
  }
  if (minus == ' ') minus = sign();
  char* const begin = arena.allocate(text.size() + 2);
  char* out = begin;
  if (minus == '-') *out++ = '-';
  char* const digits = out;
  if (!take_whole(text, grouping, out)) return refused;
  // Leading zeros say nothing, but JSON has none.
  char* const first = std::find_if(digits, out - 1, [](char c) { return c != '0'; });
  out = std::copy(first, out, digits);
  if (text.starts_with(point)) {
    *out++ = '.';
    text.remove_prefix(1);
    if (text.empty()) return refused;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) *out++ = text.front();
  }
  if (!text.empty()) return refused;
  return std::string_view{begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace fealty::codec
