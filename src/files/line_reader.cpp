#include "line_reader.hpp"

#include <algorithm>
#include <cstring>

#include "fealty/base/check.hpp"
#include "fealty/files/file_source.hpp"

namespace fealty::files {
namespace {

constexpr std::size_t read_bytes = 1024 * 1024;
constexpr std::size_t cut_bytes = line_bytes_max + 1;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t text_bytes_max = cut_bytes + read_bytes;

}  // namespace

LineReader::LineReader(std::string path, Fd fd, bool regular, std::uint32_t skip_lines)
    : stream_{std::move(path), std::move(fd), regular}, header_lines_{skip_lines} {}

void LineReader::keep_rest(const Block& block, std::size_t from, std::size_t have) {
  carry_.assign(block.buffer.begin() + static_cast<std::ptrdiff_t>(from),
                block.buffer.begin() + static_cast<std::ptrdiff_t>(have));
}

/// Appends to the first `have` bytes of the block until about read_bytes more are there.
Result<Filled> LineReader::read_more(Block& block, std::size_t& have) {
  const std::size_t until = std::min(have + read_bytes, text_bytes_max);
  while (have < until) {
    auto step = stream_.read(block.buffer.data() + have, until - have);
    if (!step) {
      failed_ = std::move(step).error();  // told once the lines before it are handed out
      return Filled::nothing_yet;
    }
    if (step->bytes == 0) return step->at_end ? Filled::at_end : Filled::nothing_yet;
    have += step->bytes;
  }
  return Filled::lines;
}

Result<Filled> LineReader::fill(Block& block) {
  if (block.buffer.size() < text_bytes_max + padding_bytes) {
    block.buffer.resize(text_bytes_max + padding_bytes);
  }
  block.begin = block.end = 0;
  block.unterminated = false;
  while (true) {
    auto filled = dropping_ ? skip_rest_of_line(block) : fill_lines(block);
    if (!filled || *filled != Filled::lines) return filled;
    if (block.end == 0) continue;  // a cut line began
    drop_header(block);
    return Filled::lines;
  }
}

Result<Filled> LineReader::fill_lines(Block& block) {
  std::size_t have = carry_.size();
  if (have > 0) std::memcpy(block.buffer.data(), carry_.data(), have);
  Filled filled = Filled::lines;
  if (!failed_) filled = *read_more(block, have);

  const void* last = have == 0 ? nullptr : ::memrchr(block.buffer.data(), '\n', have);
  if (last != nullptr) {
    block.end = static_cast<std::size_t>(static_cast<const char*>(last) - block.buffer.data()) + 1;
    keep_rest(block, block.end, have);
    return Filled::lines;
  }
  keep_rest(block, 0, std::min(have, cut_bytes));
  if (have > line_bytes_max) {
    dropping_ = true;
    return Filled::lines;
  }
  if (failed_) return *failed_;
  return filled;
}

/// carry_ holds the begin of a line that is too long; drops up to its end, then hands it out.
Result<Filled> LineReader::skip_rest_of_line(Block& block) {
  while (true) {
    if (failed_) return *failed_;
    std::size_t have = 0;
    const Filled filled = *read_more(block, have);
    const void* end = have == 0 ? nullptr : std::memchr(block.buffer.data(), '\n', have);
    if (end == nullptr) {
      if (filled != Filled::lines && !failed_) return filled;
      continue;
    }
    const auto next =
        static_cast<std::size_t>(static_cast<const char*>(end) - block.buffer.data()) + 1;
    const std::vector<char> line = std::move(carry_);
    keep_rest(block, next, have);
    std::memcpy(block.buffer.data(), line.data(), line.size());
    block.end = line.size();
    dropping_ = false;
    return Filled::lines;
  }
}

Result<void> LineReader::finish(Block& block) {
  block.begin = block.end = 0;
  block.unterminated = false;
  if (failed_) return *failed_;
  if (auto whole = stream_.check_whole(); !whole) return whole;
  if (carry_.empty()) return {};
  check(block.buffer.size() >= carry_.size() + padding_bytes, "fill() came before finish()");
  std::memcpy(block.buffer.data(), carry_.data(), carry_.size());
  block.end = carry_.size();
  block.unterminated = true;
  carry_.clear();
  drop_header(block);
  return {};
}

void LineReader::drop_header(Block& block) {
  while (header_lines_ > 0 && block.begin < block.end) {
    const char* from = block.buffer.data() + block.begin;
    const void* end = std::memchr(from, '\n', block.end - block.begin);
    const std::size_t size =
        end == nullptr ? block.end - block.begin
                       : static_cast<std::size_t>(static_cast<const char*>(end) - from) + 1;
    block.begin += size;
    --header_lines_;
  }
}

}  // namespace fealty::files
