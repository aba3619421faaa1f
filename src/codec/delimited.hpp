#pragma once

#include <string_view>

#include "fealty/base/arena.hpp"
#include "token.hpp"
#include "walk.hpp"

namespace fealty::codec {

/// Cuts a line of delimited text into cells, one at a time. Quotes as in RFC 4180 (not for blanks);
/// a quoted cell must end on its line. White space at the end of the line (CR, LF) is dropped.
class Cells {
 public:
  Cells(std::string_view line, Separator separator);
  /// The next cell; false at the end of the line or on malformed quotes (then failed()).
  bool next(Arena& arena, std::string_view& cell);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  bool next_blank_separated(std::string_view& cell);
  bool next_quoted(Arena& arena, std::string_view& cell);
  bool past_separator();

  std::string_view rest_;
  char separator_;
  bool blanks_;
  bool more_ = true;
  bool failed_ = false;
};

/// The cells of `line` into the slots of their columns. False after a fault; a line that repeats
/// the column names is unknown_type with field "header", so that it is skipped.
bool read_delimited(const Mapping& mapping, std::string_view line, Captured& captured, Arena& arena,
                    Fault& fault);

}  // namespace fealty::codec
