#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "byte_stream.hpp"
#include "fealty/files/manifest.hpp"

namespace fealty::files {

/// Whole lines of one log, handed on without another copy: text in [begin, end) of `buffer`, and 64
/// readable bytes behind it. A line ends at its '\n' or, the last one, at `end`.
struct Block {
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;
  std::uint32_t file = 0;
  std::uint64_t byte = 0;           // of `begin` in the text of the file
  bool unterminated = false;        // the file ended in the middle of the last line
  std::optional<InputFile> opened;  // set on the first block of a file
  bool file_ended = false;          // this is its last one
  std::uint64_t file_bytes = 0;     // then: its size
};

enum class Filled : std::uint8_t { lines, nothing_yet, at_end };

/// Cuts the text of one log into blocks of whole lines. A line longer than line_bytes_max is cut to
/// one byte more and ends its block; the rest of it is dropped as it is read.
///
/// Owns:    the stream and at most two blocks' worth of text. Threads: one at a time.
/// Errors:  those of ByteStream, after all whole lines before them.
class LineReader {
 public:
  /// `skip_lines`: leading lines to drop, when reading begins at byte 0.
  LineReader(std::string path, Fd fd, bool regular, std::uint64_t start, std::uint32_t skip_lines);

  /// Fills begin, end, byte and unterminated of `block`, whose buffer is used again.
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
  std::uint64_t start_;  // where reading is to begin; reached once started_
  bool started_ = false;
  std::uint32_t header_lines_;
  std::vector<char> carry_;  // read, but not yet handed out
  std::uint64_t carry_at_;   // its place in the text
  bool dropping_ = false;    // carry_ is a cut line whose end was not yet seen
  std::optional<Error> failed_;
};

}  // namespace fealty::files
