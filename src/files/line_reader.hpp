#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "byte_stream.hpp"
#include "fealty/files/framing.hpp"
#include "fealty/files/file_source.hpp"
#include "fealty/files/manifest.hpp"
#include "record_scan.hpp"

namespace fealty::files {

/// Whole records of one log, handed on without another copy: text in [begin, end) of `buffer`, and
/// 64 readable bytes behind it. A record ends at its line end or, the last one, at `end`.
struct Block {
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;
  RecordScan scan;  // where its records end
  std::uint32_t file = 0;
  bool unterminated = false;        // the file ended in the middle of the last line
  std::uint64_t lines_above = 0;    // dropped there, beside one for each header record
  std::optional<InputFile> opened;  // set on the first block of a file
  bool file_ended = false;          // this is its last one
  std::uint64_t file_bytes = 0;     // then: its size
};

/// A record of a block.
struct BlockLine {
  std::size_t size = 0;  // of what is delivered of it: line_bytes_max + 1 at most
  std::size_t next = 0;  // where the next one begins
  bool ended = true;     // it has a line end, if only one that was dropped with its rest
  bool cut = false;      // the line end does not lie right behind it
};
inline BlockLine line_at(const Block& block, std::size_t at) {
  const char* const text = block.buffer.data();
  RecordScan scan = block.scan;
  const char* const end = scan.find(text + at, text + block.end);
  const std::size_t line_end = end == nullptr ? block.end : static_cast<std::size_t>(end - text);
  const std::size_t size = std::min(line_end - at, line_bytes_max + 1);
  return {.size = size,
          .next = end == nullptr ? line_end : line_end + 1,
          .ended = end != nullptr || !block.unterminated,
          .cut = end == nullptr || at + size != line_end};
}

enum class Filled : std::uint8_t { lines, nothing_yet, at_end };

/// Cuts the text of one log into blocks of whole records. One longer than line_bytes_max is cut to
/// one byte more and ends its block; the rest of it is dropped as it is read.
///
/// Owns:    the stream and at most two blocks' worth of text. Threads: one at a time.
/// Errors:  those of ByteStream, after all whole records before them; invalid_utf8 where the text is
///          UTF-16.
class LineReader {
 public:
  /// `skip_lines`: leading records to drop.
  LineReader(std::string path, Fd fd, bool regular, std::uint32_t skip_lines,
             const Framing& framing);

  /// Fills begin, end and unterminated of `block`, whose buffer is used again.
  Result<Filled> fill(Block& block);
  /// After at_end, when the log will not grow: what is left, an unterminated line or nothing at
  /// all.
  Result<void> finish(Block& block);

  [[nodiscard]] const ByteStream& stream() const { return stream_; }

 private:
  Result<Filled> read_more(Block& block, std::size_t& have);
  Result<Filled> fill_lines(Block& block);
  Result<Filled> skip_rest_of_line(Block& block);
  void keep_rest(const Block& block, std::size_t from, std::size_t have);
  bool look_at_begin(Block& block, std::size_t& have, bool all);
  std::size_t end_of_records(const Block& block, std::size_t have);
  void drop_header(Block& block);

  ByteStream stream_;
  const Framing framing_;
  std::uint32_t header_lines_;
  bool begun_ = false;  // the begin of the text was looked at
  RecordScan scan_;     // from a record's begin on
  RecordScan dropped_;  // of what is dropped
  std::vector<char> carry_;  // read, but not yet handed out
  bool dropping_ = false;    // carry_ is a cut line whose end was not yet seen
  std::optional<Error> failed_;
};

}  // namespace fealty::files
