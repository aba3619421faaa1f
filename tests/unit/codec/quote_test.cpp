#include "quote.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace fealty::codec {
namespace {

/// Byte by byte.
const char* plain(const char* at, const char* end, bool& ascii) {
  for (; at != end; ++at) {
    if (*at == '"') return at;
    if (*at == '\\' || static_cast<unsigned char>(*at) < 0x20) return nullptr;
    if (static_cast<unsigned char>(*at) >= 0x80) ascii = false;
  }
  return nullptr;
}

template <class Finder>
void expect_as_plain(const std::string& text, std::size_t size) {
  bool ascii = true, ascii_plain = true;
  const char* const end = text.data() + size;
  const char* const found = closing_quote<Finder>(text.data(), end, ascii);
  ASSERT_EQ(found, plain(text.data(), end, ascii_plain)) << text;
  // What is not ASCII may lie behind the quote; none before it is overlooked.
  ASSERT_FALSE(ascii && !ascii_plain) << text;
  ASSERT_TRUE(ascii || size > 0);
}

TEST(ClosingQuote, IsWhereALookAtEachByteFindsIt) {
  constexpr std::string_view alphabet{"ab\"\\\x1f\x20\x21\x23\x5b\x5d\x7f\x80\xff\x00", 14};
  std::mt19937_64 random{7};
  for (int round = 0; round < 20'000; ++round) {
    // Mostly letters, so that all lengths up to some steps come about.
    std::string text(random() % 60, 'a');
    for (char& c : text) {
      if (random() % 16 == 0) c = alphabet[random() % alphabet.size()];
    }
    const std::size_t size = text.size();
    text.append(padding_bytes, random() % 2 == 0 ? '"' : ' ');
    expect_as_plain<QuoteFinder>(text, size);
    expect_as_plain<QuoteByWords>(text, size);
  }
}

}  // namespace
}  // namespace fealty::codec
