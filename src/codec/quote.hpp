#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "fealty/codec/decoder.hpp"

/// The end of a JSON string's text, in the only case that needs no second look: no escape and no
/// control character comes before it.
namespace fealty::codec {

/// Sixteen bytes at a time, in two words. (Hacker's Delight, 6-1: a borrow may name bytes above
/// one that is meant, never below it.)
struct QuoteByWords {
  static constexpr std::size_t step = 2 * sizeof(std::uint64_t);
  static constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;

  std::uint64_t first, second;
  explicit QuoteByWords(const char* at) {
    std::memcpy(&first, at, sizeof first);
    std::memcpy(&second, at + sizeof first, sizeof second);
  }
  [[nodiscard]] bool ascii() const { return ((first | second) & highs) == 0; }
  /// The place of the first quote, backslash or control character; `step` where there is none.
  [[nodiscard]] std::size_t stop() const {
    const std::uint64_t in_first = stops(first), in_second = stops(second);
    const int bit = in_first != 0 ? std::countr_zero(in_first) : 64 + std::countr_zero(in_second);
    return static_cast<std::size_t>(bit) / 8;
  }

 private:
  static std::uint64_t stops(std::uint64_t bytes) {
    const std::uint64_t quote = bytes ^ ones * '"', slash = bytes ^ ones * '\\';
    const std::uint64_t low = (bytes - ones * 0x20) & ~bytes;
    return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) | low) & highs;
  }
};

#ifdef __SSE2__
/// The same by SSE2, which every x86-64 has.
struct QuoteBySse2 {
  static constexpr std::size_t step = sizeof(__m128i);
  __m128i bytes;
  explicit QuoteBySse2(const char* at)
      : bytes{_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))} {}
  [[nodiscard]] bool ascii() const { return _mm_movemask_epi8(bytes) == 0; }
  [[nodiscard]] std::size_t stop() const {
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const int all = _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
    return static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(all) | 1U << step));
  }
};
using QuoteFinder = QuoteBySse2;
#else
using QuoteFinder = QuoteByWords;
#endif

static_assert(padding_bytes >= QuoteFinder::step && padding_bytes >= QuoteByWords::step &&
              std::endian::native == std::endian::little);

/// The closing quote of a string whose text begins at `at`; nullptr where there is none before
/// `end`, or an escape or control character before it. Clears `ascii` where there may be a byte
/// above 0x7f in it. padding_bytes are readable behind `end`.
template <class Finder = QuoteFinder>
const char* closing_quote(const char* at, const char* end, bool& ascii) {
  for (; at < end; at += Finder::step) {
    const Finder here{at};
    ascii = ascii && here.ascii();
    const std::size_t stop = here.stop();
    if (stop == Finder::step) continue;
    at += stop;
    return at < end && *at == '"' ? at : nullptr;
  }
  return nullptr;
}

}  // namespace fealty::codec
