#include "token.hpp"

#include <cstring>

namespace fealty::codec {
namespace {

const char* skip_digits(const char* at, const char* end) {
  while (at != end && *at >= '0' && *at <= '9') ++at;
  return at;
}

bool is_number(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (at != end && *at == '-') ++at;
  const char* const whole = at;
  at = skip_digits(at, end);
  if (at == whole || (*whole == '0' && at - whole > 1)) return false;
  if (at != end && *at == '.') {
    const char* const fraction = ++at;
    at = skip_digits(at, end);
    if (at == fraction) return false;
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) ++at;
    const char* const exponent = at;
    at = skip_digits(at, end);
    if (at == exponent) return false;
  }
  return at == end;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The four hex digits at `at`, or -1.
std::int32_t code_unit(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_digit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

char* write_utf8(std::uint32_t point, char* out) {
  const auto tail = [&](unsigned shift) {
    *out++ = static_cast<char>(0x80U | (point >> shift & 0x3fU));
  };
  if (point < 0x80) {
    *out++ = static_cast<char>(point);
  } else if (point < 0x800) {
    *out++ = static_cast<char>(0xc0U | point >> 6U);
    tail(0);
  } else if (point < 0x10000) {
    *out++ = static_cast<char>(0xe0U | point >> 12U);
    tail(6);
    tail(0);
  } else {
    *out++ = static_cast<char>(0xf0U | point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
  return out;
}

/// The character of a \u escape whose digits begin at `at`, which moves behind them; 0 where it is
/// none.
std::uint32_t take_point(std::string_view text, std::size_t& at) {
  const std::int32_t high = code_unit(text, at);
  at += 4;
  if (high < 0 || (high >= 0xdc00 && high < 0xe000)) return 0;
  if (high < 0xd800 || high >= 0xe000) return static_cast<std::uint32_t>(high);
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
  const std::int32_t low = code_unit(text, at + 2);
  at += 6;
  if (low < 0xdc00 || low >= 0xe000) return 0;
  return 0x10000U + (static_cast<std::uint32_t>(high - 0xd800) << 10U) +
         static_cast<std::uint32_t>(low - 0xdc00);
}

char simple_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

bool classify(std::string_view raw, bool escapes, Token& token) {
  while (!raw.empty() && is_blank(raw.back())) raw.remove_suffix(1);
  if (raw.empty()) return false;
  token.data = raw.data();
  token.size = static_cast<std::uint32_t>(raw.size());
  switch (raw.front()) {
    case '"':
      if (raw.size() < 2 || raw.back() != '"') return false;
      ++token.data;
      token.size -= 2;
      token.kind = escapes && std::memchr(token.data, '\\', token.size) != nullptr
                       ? Token::Kind::escaped
                       : Token::Kind::string;
      return true;
    case 'n':
      token.kind = Token::Kind::null;
      return raw == "null";
    case 't':
      token.kind = Token::Kind::boolean;
      return raw == "true";
    case 'f':
      token.kind = Token::Kind::boolean;
      return raw == "false";
    default:
      token.kind = Token::Kind::number;
      return is_number(raw);
  }
}

bool unescape(std::string_view text, Arena& arena, std::string_view& out) {
  char* const begin = arena.allocate(text.size());
  char* to = begin;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c != '\\') {
      *to++ = c;
      continue;
    }
    if (at == text.size()) return false;
    const char kind = text[at++];
    if (kind == 'u') {
      const std::uint32_t point = take_point(text, at);
      if (point == 0) return false;
      to = write_utf8(point, to);
    } else {
      const char plain = simple_escape(kind);
      if (plain == 0) return false;
      *to++ = plain;
    }
  }
  out = {begin, static_cast<std::size_t>(to - begin)};
  return true;
}

}  // namespace fealty::codec
