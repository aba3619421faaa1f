#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "fealty/base/bounded_text.hpp"
#include "fealty/base/time.hpp"

namespace fealty::codec {

/// Bytes that a JSON string of `text` takes at most, quotes included: each byte may become \u00xx.
constexpr std::size_t json_bytes_max(std::string_view text) { return 6 * text.size() + 2; }

/// Writes JSON to the end of a string. The caller states a bound for all that it will write, so no
/// single write looks for room; the string has it after finish().
class JsonText {
 public:
  JsonText(std::string& out, std::size_t bytes_max)
      : out_{out}, room_{bytes_max}, at_{room_.begin()} {}
  void finish() { room_.append_to(out_, at_); }

  /// Verbatim: punctuation and keys. A literal's size is known, so this is a store or two.
  JsonText& raw(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  JsonText& number(std::int64_t value) {
    at_ = std::to_chars(at_, at_ + number_bytes_max, value).ptr;
    return *this;
  }
  JsonText& number(std::uint64_t value) {
    at_ = std::to_chars(at_, at_ + number_bytes_max, value).ptr;
    return *this;
  }
  /// Quoted; quotes, backslashes and control characters escaped. `text` is valid UTF-8.
  JsonText& string(std::string_view text) {
    *at_++ = '"';
    string_inside(text);
    *at_++ = '"';
    return *this;
  }
  /// The same without the quotes.
  JsonText& string_inside(std::string_view text) {
    const char* from = text.data();
    const char* const end = from + text.size();
    for (; end - from >= 8; from += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, from, 8);
      if (needs_escape(eight)) {
        for (int i = 0; i < 8; ++i) character(from[i]);
      } else {
        std::memcpy(at_, &eight, 8);
        at_ += 8;
      }
    }
    for (; from != end; ++from) character(*from);
    return *this;
  }
  /// "2026-11-22T13:16:00Z", quoted.
  JsonText& time(EventTime time) {
    *at_++ = '"';
    at_ += write_rfc3339(time, at_);
    *at_++ = '"';
    return *this;
  }
  /// 16 lower-case hex digits, no quotes.
  JsonText& hex(std::uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4) {
      *at_++ = "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 15U];
    }
    return *this;
  }
  /// For writers that bring their own characters: where to write, and how far they got.
  [[nodiscard]] char* at() const { return at_; }
  void advance(std::size_t size) { at_ += size; }

  static constexpr std::size_t number_bytes_max = 20;

 private:
  /// True where any byte of `eight` is below 0x20, a quote or a backslash. (Hacker's Delight, 6-1;
  /// a borrow may name a neighbour too, which only takes the slow path.)
  static bool needs_escape(std::uint64_t eight) {
    constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    const std::uint64_t quote = eight ^ (ones * '"'), slash = eight ^ (ones * '\\');
    const std::uint64_t low = (eight - ones * 0x20) & ~eight;
    return ((low | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs) != 0;
  }
  void character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && c != '"' && c != '\\') [[likely]] {
      *at_++ = c;
      return;
    }
    escape(c);
  }
  void escape(char c);

  std::string& out_;
  BoundedText room_;
  char* at_;
};

inline void JsonText::escape(char c) {
  *at_++ = '\\';
  switch (c) {
    case '"':
      *at_++ = '"';
      return;
    case '\\':
      *at_++ = '\\';
      return;
    case '\n':
      *at_++ = 'n';
      return;
    case '\r':
      *at_++ = 'r';
      return;
    case '\t':
      *at_++ = 't';
      return;
    case '\b':
      *at_++ = 'b';
      return;
    case '\f':
      *at_++ = 'f';
      return;
    default:
      break;
  }
  raw("u00");
  *at_++ = "0123456789abcdef"[static_cast<unsigned char>(c) >> 4U];
  *at_++ = "0123456789abcdef"[static_cast<unsigned char>(c) & 15U];
}

}  // namespace fealty::codec
