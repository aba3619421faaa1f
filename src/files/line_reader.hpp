#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "byte_stream.hpp"
#include "fealty/files/file_source.hpp"
#include "fealty/files/manifest.hpp"

namespace fealty::files {

/// Whole lines of one log, handed on without another copy: text in [begin, end) of `buffer`, and 64
/// readable bytes behind it. A line ends at its '\n' or, the last one, at `end`.
struct Block {
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;
  std::uint32_t file = 0;
  bool unterminated = false;        // the file ended in the middle of the last line
  std::optional<InputFile> opened;  // set on the first block of a file
  bool file_ended = false;          // this is its last one
  std::uint64_t file_bytes = 0;     // then: its size
};

/// A line of a block.
struct BlockLine {
  std::size_t size = 0;  // of what is delivered of it: line_bytes_max + 1 at most
  std::size_t next = 0;  // where the next one begins
  bool ended = true;     // it has a '\n', if only one that was dropped with its rest
  bool cut = false;      // the '\n' does not lie right behind it
};
inline BlockLine line_at(const Block& block, std::size_t at) {
  const char* const text = block.buffer.data();
  const auto* const end = static_cast<const char*>(std::memchr(text + at, '\n', block.end - at));
  const std::size_t line_end = end == nullptr ? block.end : static_cast<std::size_t>(end - text);
  const std::size_t size = std::min(line_end - at, line_bytes_max + 1);
  return {.size = size,
          .next = end == nullptr ? line_end : line_end + 1,
          .ended = end != nullptr || !block.unterminated,
          .cut = end == nullptr || at + size != line_end};
}

enum class Filled : std::uint8_t { lines, nothing_yet, at_end };

/// Cuts the text of one log into blocks of whole lines. A line longer than line_bytes_max is cut to
/// one byte more and ends its block; the rest of it is dropped as it is read.
///
/// Owns:    the stream and at most two blocks' worth of text. Threads: one at a time.
/// Errors:  those of ByteStream, after all whole lines before them.
class LineReader {
 public:
  /// `skip_lines`: leading lines to drop.
  LineReader(std::string path, Fd fd, bool regular, std::uint32_t skip_lines);

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
  void drop_header(Block& block);

  ByteStream stream_;
  std::uint32_t header_lines_;
  std::vector<char> carry_;  // read, but not yet handed out
  bool dropping_ = false;    // carry_ is a cut line whose end was not yet seen
  std::optional<Error> failed_;
};

}  // namespace fealty::files
