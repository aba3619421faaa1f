#pragma once

#include <cstdint>
#include <cstring>

#include "fealty/files/framing.hpp"

namespace fealty::files {

/// Finds where records end, also where their text comes in pieces.
///
/// Threads: one.
class RecordScan {
 public:
  RecordScan() = default;
  RecordScan(const Framing& framing, char line_end)
      : quotes_{framing.quotes}, separator_{framing.separator}, line_end_{line_end} {}

  /// The line end with which the record ends that goes on at `at`; nullptr where that lies behind
  /// `end`: then the text up to there is taken in. Behind it the next record begins.
  const char* find(const char* at, const char* end) {
    if (state_ == State::begin) {
      const char* const line = line_of(at, end);
      if (!quotes_) return line;
      const char* const to = line == nullptr ? end : line;
      if (std::memchr(at, '"', static_cast<std::size_t>(to - at)) == nullptr && line != nullptr) {
        return line;
      }
    }
    return quotes_ ? find_quoted(at, end) : line_of(at, end);
  }
  [[nodiscard]] char line_end() const { return line_end_; }

 private:
  enum class State : std::uint8_t { begin, field, quoted, quote };  // quote: maybe the closing one

  [[nodiscard]] const char* line_of(const char* at, const char* end) const {
    return static_cast<const char*>(
        std::memchr(at, line_end_, static_cast<std::size_t>(end - at)));
  }
  const char* find_quoted(const char* at, const char* end) {
    for (; at != end; ++at) {
      if (state_ == State::quoted) {
        at = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
        if (at == nullptr) return nullptr;
        state_ = State::quote;
        continue;
      }
      const char c = *at;
      if (c == line_end_) {
        state_ = State::begin;
        return at;
      }
      if (c == '"' && state_ != State::field) {
        state_ = State::quoted;  // It opens, or is the second of two.
      } else {
        state_ = c == separator_ ? State::begin : State::field;
      }
    }
    return nullptr;
  }

  bool quotes_ = false;
  char separator_ = ',';
  char line_end_ = '\n';
  State state_ = State::begin;
};

}  // namespace fealty::files
