#pragma once

#include <string_view>

#include "fealty/base/arena.hpp"
#include "token.hpp"
#include "walk.hpp"

namespace fealty::codec {

/// Cuts a record of delimited text into cells, one at a time. RFC 4180: a quote opens where a cell
/// begins, and only there; within quotes two are one, and separators and line breaks are text; behind
/// the closing one comes the next cell. A quote anywhere else is text. White space at the end of the
/// record (CR, LF) is dropped.
class Cells {
 public:
  Cells(std::string_view record, Separator separator, Quoting quoting);
  /// The next cell; false at the end of the record or where it cannot be cut (then why_not()).
  bool next(Arena& arena, std::string_view& cell);
  /// nullptr: it could.
  [[nodiscard]] const char* why_not() const { return why_not_; }

 private:
  bool next_blank_separated(std::string_view& cell);
  bool next_quoted(Arena& arena, std::string_view& cell);
  bool next_escaped(Arena& arena, std::string_view& cell);
  bool past_separator(std::string_view& cell);
  bool fail(const char* why) {
    why_not_ = why;
    return false;
  }

  std::string_view rest_;
  char separator_;
  bool blanks_;
  Quoting quoting_;
  bool breaks_ = false;  // a line break is somewhere in it
  bool more_ = true;
  const char* why_not_ = nullptr;
};

/// The cells of `record` into the slots of their columns. False after a fault; one that repeats the
/// column names is unknown_type with field "header", so that it is skipped.
bool read_delimited(const Mapping& mapping, std::string_view record, Captured& captured,
                    Arena& arena, Fault& fault);

}  // namespace fealty::codec
