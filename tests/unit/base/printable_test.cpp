#include "fealty/base/printable.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fealty {
namespace {

using namespace std::string_view_literals;

struct Case {
  std::string_view name, text, shown;
};

// Text in: what a person sees.
constexpr Case cases[]{
    {"nothing", "", ""},
    {"plain", "order-17 of 'Anna' \"x\" = 5 %", "order-17 of 'Anna' \"x\" = 5 %"},
    {"letters of the world", "Zo\u00eb \u4e2d\u6587 \U0001F600 \u00a0\u2027\u202f\u2065\u206a",
     "Zo\u00eb \u4e2d\u6587 \U0001F600 \u00a0\u2027\u202f\u2065\u206a"},
    {"a backslash stays", R"(C:\x \x1b)", R"(C:\x \x1b)"},
    {"clears the screen", "a\x1b[2Jb", R"(a\x1b[2Jb)"},
    {"begins a line", "a\nb\rc\td", R"(a\nb\rc\td)"},
    {"NUL does not end it", "a\0b"sv, R"(a\x00b)"},
    {"bell, backspace, unit separator", "\a\b\x1f", R"(\x07\x08\x1f)"},
    {"DEL", "\x7f", R"(\x7f)"},
    {"C1: first, NEL, CSI, last", "\u0080\u0085\u009b\u009f", R"(\u0080\u0085\u009b\u009f)"},
    {"line and paragraph separator", "\u2028\u2029", R"(\u2028\u2029)"},
    {"embeddings and overrides", "\u202a\u202b\u202c\u202d\u202e",
     R"(\u202a\u202b\u202c\u202d\u202e)"},
    {"isolates", "\u2066\u2067\u2068\u2069", R"(\u2066\u2067\u2068\u2069)"},
    {"a byte alone", "a\x9b[2J", R"(a\x9b[2J)"},
    {"a sequence cut off", "a\xe2\x80", R"(a\xe2\x80)"},
    {"a sequence broken off", "\xe2\x80z", R"(\xe2\x80z)"},
    {"ESC in two bytes", "\xc0\x9b", R"(\xc0\x9b)"},
    {"DEL in three bytes", "\xe0\x81\xbf", R"(\xe0\x81\xbf)"},
    {"a slash in four bytes", "\xf0\x80\x80\xaf", R"(\xf0\x80\x80\xaf)"},
    {"half of a surrogate pair", "\xed\xa0\x80", R"(\xed\xa0\x80)"},
    {"beyond the last code point", "\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},
    {"five bytes", "\xf8\x88\x80\x80\x80", R"(\xf8\x88\x80\x80\x80)"},
    {"the last code points of each size", "\x7e\u07ff\uffff\U0010FFFF",
     "\x7e\u07ff\uffff\U0010FFFF"},
};

TEST(Printable, ShowsWhatWouldMoveTheCursorOrMislead) {
  for (const Case& wanted : cases) {
    EXPECT_EQ(printable(wanted.text), wanted.shown) << wanted.name;
  }
}

TEST(Printable, OfLinesKeepsTheirEndsOnly) {
  EXPECT_EQ(printable_lines("a\x1b\n\nb\r\n"), "a\\x1b\n\nb\\r\n");
  EXPECT_EQ(printable_lines(""), "");
}

TEST(Printable, WhatIsPrintableStaysAsItIs) {
  for (const Case& wanted : cases) {
    EXPECT_EQ(printable(wanted.shown), wanted.shown) << wanted.name;
  }
}

TEST(Printable, OfEveryPairOfBytesNoControlCharacterIsLeft) {
  for (int pair = 0; pair < 0x10000; ++pair) {
    const char text[]{static_cast<char>(pair >> 8), static_cast<char>(pair & 0xFF)};
    for (const char c : printable({text, 2})) {
      ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != '\x7f') << pair;
    }
  }
}

}  // namespace
}  // namespace fealty
