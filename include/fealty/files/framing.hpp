#pragma once

namespace fealty::files {

/// Where a record of a log ends: at the end of its line. In delimited text a line break may lie
/// within quotes, where it is part of a field (RFC 4180, 2.6): a quote opens where a field begins,
/// and two within are one of the text. What is quoted and does not end takes the rest of the log
/// with it, so that no text can be taken for a record.
struct Framing {
  bool quotes = false;   // as above
  char separator = ',';  // of fields; where there are quotes
  /// Lines may end with a lone '\r', if those of a log do so from the first one on.
  bool lone_cr = false;
  /// A first line "sep=;" is none of the log's lines: it says so to spreadsheets.
  bool sep_line = false;
};

}  // namespace fealty::files
