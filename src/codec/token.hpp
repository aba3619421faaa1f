#pragma once

#include <cstdint>
#include <string_view>

#include "fealty/base/arena.hpp"
#include "fealty/base/result.hpp"
#include "fealty/codec/field.hpp"

namespace fealty::codec {

/// The raw text of one value, in the record: a string without its quotes, a number, true or false
/// as they are, an object from brace to brace.
struct Token {
  enum class Kind : std::uint8_t { absent, null, string, escaped, number, boolean, container };
  const char* data = nullptr;
  std::uint32_t size = 0;
  Kind kind = Kind::absent;
  [[nodiscard]] std::string_view view() const { return {data, size}; }
  [[nodiscard]] bool seen() const { return kind != Kind::absent; }
};

/// The first thing wrong with a record.
struct Fault {
  Errc code{};
  std::string_view field;   // static lifetime
  std::string_view detail;  // static lifetime
  /// Notes the fault; always false, so that `return fault.set(...)` reads as a refusal.
  bool set(Errc error, std::string_view where = {}, std::string_view why = {}) {
    code = error;
    field = where;
    detail = why;
    return false;
  }
  bool set(Errc error, Field where, std::string_view why = {}) {
    return set(error, name(where), why);
  }
};

/// A scalar token as simdjson hands it out (with white space behind it), trimmed and told apart by
/// its first character; `escapes` = the record has a backslash somewhere. False where it is no JSON
/// scalar.
bool classify(std::string_view raw, bool escapes, Token& token);

/// JSON string text without its escapes, in the arena; false where an escape is none, names half a
/// surrogate pair, or is NUL.
bool unescape(std::string_view text, Arena& arena, std::string_view& out);

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace fealty::codec
