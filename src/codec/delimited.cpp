#include "delimited.hpp"

#include <algorithm>
#include <cstring>

namespace fealty::codec {
namespace {

constexpr std::string_view separator_characters = ",;\t |";

/// What an escape stands for: one of these, else itself.
char escaped(char c) {
  constexpr std::string_view names = "bfnrtv", characters = "\b\f\n\r\t\v";
  const std::size_t at = names.find(c);
  return at == std::string_view::npos ? c : characters[at];
}

bool has(std::string_view text, char c) {
  return !text.empty() && std::memchr(text.data(), c, text.size()) != nullptr;
}

}  // namespace

char character(Separator separator) {
  return separator_characters[static_cast<std::size_t>(separator)];
}

std::optional<Separator> separator_of(char character) {
  const std::size_t at = separator_characters.find(character);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<Separator>(at);
}

Cells::Cells(std::string_view record, Separator separator, Quoting quoting)
    : rest_{record},
      separator_{character(separator)},
      blanks_{separator == Separator::blanks},
      quoting_{quoting} {
  while (!rest_.empty() && (rest_.back() == '\r' || rest_.back() == '\n')) rest_.remove_suffix(1);
  breaks_ = has(rest_, '\n') || has(rest_, '\r');
}

bool Cells::next(Arena& arena, std::string_view& cell) {
  if (blanks_) return next_blank_separated(cell);
  if (!more_) return false;
  const bool quotes = quoting_ == Quoting::rfc4180;
  if (quotes && !rest_.empty() && rest_.front() == '"') return next_quoted(arena, cell);
  if (quoting_ == Quoting::backslash) return next_escaped(arena, cell);
  const std::size_t end = std::min(rest_.find(separator_), rest_.size());
  cell = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return past_separator(cell);
}

bool Cells::next_blank_separated(std::string_view& cell) {
  while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  if (rest_.empty()) return false;
  std::size_t end = 0;
  while (end < rest_.size() && !is_blank(rest_[end])) ++end;
  cell = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return true;
}

bool Cells::next_quoted(Arena& arena, std::string_view& cell) {
  bool doubled = false;
  std::size_t end = 1;
  while (true) {
    end = rest_.find('"', end);
    if (end == std::string_view::npos) return fail("a quoted field does not end");
    if (end + 1 >= rest_.size() || rest_[end + 1] != '"') break;
    doubled = true;
    end += 2;
  }
  cell = rest_.substr(1, end - 1);
  rest_.remove_prefix(end + 1);
  if (doubled) {
    char* const text = arena.allocate(cell.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < cell.size(); ++i) {
      text[size++] = cell[i];
      if (cell[i] == '"') ++i;
    }
    cell = {text, size};
  }
  if (!rest_.empty() && rest_.front() != separator_) {
    return fail("behind a closing quote comes neither a separator nor the end");
  }
  std::string_view none;
  return past_separator(none);
}

bool Cells::next_escaped(Arena& arena, std::string_view& cell) {
  std::size_t end = 0;
  bool escapes = false;
  for (; end < rest_.size() && rest_[end] != separator_; ++end) {
    if (rest_[end] != '\\') continue;
    escapes = true;
    if (++end == rest_.size()) return fail("a backslash at the end");
  }
  cell = rest_.substr(0, end);
  rest_.remove_prefix(end);
  if (!past_separator(cell) || !escapes) return why_not_ == nullptr;
  if (cell == "\\N") {
    cell = {};
    return true;
  }
  char* const text = arena.allocate(cell.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < cell.size(); ++i) {
    text[size++] = cell[i] == '\\' ? escaped(cell[++i]) : cell[i];
  }
  cell = {text, size};
  return true;
}

/// Behind `cell`, which is not quoted, there is a separator or the end of the record.
bool Cells::past_separator(std::string_view& cell) {
  if (breaks_ && (has(cell, '\n') || has(cell, '\r'))) {
    return fail("a line break that is not quoted");
  }
  if (rest_.empty()) {
    more_ = false;
  } else {
    rest_.remove_prefix(1);
  }
  return true;
}

bool read_delimited(const Mapping& mapping, std::string_view record, Captured& captured,
                    Arena& arena, Fault& fault) {
  if (has(record, '\0')) {
    return fault.set(Errc::malformed_delimited, Field::record, "a NUL byte");
  }
  Cells cells{record, mapping.separator, mapping.quoting};
  std::string_view cell;
  std::size_t column = 0;
  bool header = true;
  while (cells.next(arena, cell)) {
    if (column == mapping.columns.size()) {
      return fault.set(Errc::malformed_delimited, Field::record, "more cells than columns");
    }
    header = header && cell == mapping.columns[column];
    const std::int16_t slot = mapping.column_slots[column++];
    if (slot >= 0) {
      captured.slots[static_cast<std::size_t>(slot)] = {
          cell.data(), static_cast<std::uint32_t>(cell.size()), Token::Kind::string};
    }
  }
  if (cells.why_not() != nullptr) {
    return fault.set(Errc::malformed_delimited, Field::record, cells.why_not());
  }
  if (column < mapping.columns.size()) {
    return fault.set(Errc::malformed_delimited, Field::record, "fewer cells than columns");
  }
  if (header) return fault.set(Errc::unknown_type, "header", "a header line among the records");
  return true;
}

Result<Mapping> bind_header(Mapping mapping, std::string_view header_line) {
  const auto refuse = [](std::string detail) {
    return Error{Errc::malformed_delimited, "header", std::move(detail)};
  };
  if (header_line.starts_with("\xef\xbb\xbf")) header_line.remove_prefix(3);
  Arena arena;
  Cells cells{header_line, mapping.separator, mapping.quoting};
  std::vector<std::string> columns;
  std::vector<std::int16_t> slots;
  std::string_view cell;
  while (cells.next(arena, cell)) {
    if (std::find(columns.begin(), columns.end(), cell) != columns.end()) {
      return refuse("two columns are named '" + std::string{cell} + "'");
    }
    const auto known = std::find(mapping.columns.begin(), mapping.columns.end(), cell);
    // A column that the mapping does not know is not read.
    slots.push_back(
        known == mapping.columns.end()
            ? std::int16_t{-1}
            : mapping.column_slots[static_cast<std::size_t>(known - mapping.columns.begin())]);
    columns.emplace_back(cell);
  }
  if (cells.why_not() != nullptr) return refuse(cells.why_not());
  // A column that is missing is a field not stated; none at all is some other file.
  if (std::all_of(slots.begin(), slots.end(), [](std::int16_t slot) { return slot < 0; })) {
    return refuse("none of the mapping's columns is in '" + std::string{header_line} + "'");
  }
  mapping.columns = std::move(columns);
  mapping.column_slots = std::move(slots);
  return mapping;
}

}  // namespace fealty::codec
