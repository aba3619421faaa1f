#include "fealty/base/printable.hpp"

#include <cstddef>
#include <cstdint>

namespace fealty {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;  // 0 = no UTF-8 begins here
};

/// The code point at the beginning of `text`, which is not empty. Overlong forms, surrogates and
/// what lies beyond U+10FFFF are no UTF-8 (RFC 3629).
CodePoint first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
  std::uint32_t value = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    value = value << 6U | (byte(i) & 0x3FU);
  }
  constexpr std::uint32_t least[]{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < least[bytes] || surrogate || value > 0x10FFFF) return {};
  return {value, bytes};
}

bool harmless(std::uint32_t value) {
  if (value < 0x20 || (value >= 0x7F && value <= 0x9F)) return false;
  if (value >= 0x2028 && value <= 0x202E) return false;
  return value < 0x2066 || value > 0x2069;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 15U];
  }
}

void append_escape(std::string& out, std::uint32_t value) {
  switch (value) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += value < 0x80 ? "\\x" : "\\u";
  append_hex(out, value, value < 0x80 ? 2 : 4);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_of(text);
    if (point.bytes == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text.front()), 2);
      text.remove_prefix(1);
      continue;
    }
    if (harmless(point.value)) {
      out += text.substr(0, point.bytes);
    } else {
      append_escape(out, point.value);
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (true) {
    const auto end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace fealty
