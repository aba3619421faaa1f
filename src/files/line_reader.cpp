#include "line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "fealty/base/check.hpp"
#include "fealty/files/file_source.hpp"
#include "os.hpp"

namespace fealty::files {
namespace {

constexpr std::size_t read_bytes = 1024 * 1024;
constexpr std::size_t cut_bytes = line_bytes_max + 1;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t text_bytes_max = cut_bytes + read_bytes;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::size_t begin_bytes = 64;  // enough to know an encoding by

/// By its byte order mark, or by a first character that no UTF-8 text begins with.
bool is_utf16(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return true;
  if (text.size() < 4 || (text[0] == '\0') == (text[1] == '\0')) return false;
  return (text[0] == '\0') == (text[2] == '\0') && (text[1] == '\0') == (text[3] == '\0');
}

/// Whether lines end with a lone '\r': the first line does.
bool first_line_ends_with_cr(std::string_view text, const Framing& framing) {
  RecordScan until_cr{framing, '\r'}, until_lf{framing, '\n'};
  const char* const end = text.data() + text.size();
  const char* const cr = until_cr.find(text.data(), end);
  if (cr == nullptr || cr + 1 == end || cr[1] == '\n') return false;
  const char* const lf = until_lf.find(text.data(), end);
  return lf == nullptr || cr < lf;
}

}  // namespace

LineReader::LineReader(std::string path, Fd fd, bool regular, std::uint32_t skip_lines,
                       const Framing& framing)
    : stream_{std::move(path), std::move(fd), regular},
      framing_{framing},
      header_lines_{skip_lines},
      scan_{framing, '\n'} {}

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
  block.lines_above = 0;
  block.scan = scan_;
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
  if (!begun_ && !look_at_begin(block, have, failed_.has_value())) {
    keep_rest(block, 0, have);
    return failed_ ? Result<Filled>{*failed_} : filled;
  }
  block.end = end_of_records(block, have);
  if (block.end > 0) {
    keep_rest(block, block.end, have);
    return Filled::lines;
  }
  keep_rest(block, 0, std::min(have, cut_bytes));
  if (have > line_bytes_max) {
    dropping_ = true;
    dropped_ = scan_;
    (void)dropped_.find(block.buffer.data(), block.buffer.data() + have);
    return Filled::lines;
  }
  if (failed_) return *failed_;
  return filled;
}

/// What is told by a text's first bytes: its encoding, a mark before it, how its lines end. False
/// where more of it is needed first; `all`: no more comes.
bool LineReader::look_at_begin(Block& block, std::size_t& have, bool all) {
  const std::string_view text{block.buffer.data(), have};
  if (have < begin_bytes && text.find('\n') == std::string_view::npos && !all) return false;
  begun_ = true;
  if (is_utf16(text)) {
    failed_ = path_error(Errc::invalid_utf8, stream_.path(),
                         "is UTF-16: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)");
    return false;
  }
  std::size_t from = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  if (framing_.lone_cr && first_line_ends_with_cr(text.substr(from), framing_)) {
    scan_ = block.scan = RecordScan{framing_, '\r'};
  }
  if (!framing_.sep_line) return true;  // A mark is left to decode.
  if (text.substr(from).starts_with("sep=")) {
    const std::size_t line = text.find_first_of("\r\n", from);
    if (line != std::string_view::npos) {
      from = line + (text.substr(line).starts_with("\r\n") ? 2 : 1);
      block.lines_above = 1;
    }
  }
  std::memmove(block.buffer.data(), block.buffer.data() + from, have - from);
  have -= from;
  return true;
}

/// Where the last whole record ends; 0 where none does.
std::size_t LineReader::end_of_records(const Block& block, std::size_t have) {
  const char* const text = block.buffer.data();
  if (!framing_.quotes) {
    const void* const last = have == 0 ? nullptr : ::memrchr(text, scan_.line_end(), have);
    return last == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(last) - text) + 1;
  }
  const char* at = text;
  while (true) {
    RecordScan scan = scan_;
    const char* const end = scan.find(at, text + have);
    if (end == nullptr) return static_cast<std::size_t>(at - text);
    at = end + 1;
  }
}

/// carry_ holds the begin of a record that is too long; drops up to its end, then hands it out.
Result<Filled> LineReader::skip_rest_of_line(Block& block) {
  while (true) {
    if (failed_) return *failed_;
    std::size_t have = 0;
    const Filled filled = *read_more(block, have);
    const char* const end = dropped_.find(block.buffer.data(), block.buffer.data() + have);
    if (end == nullptr) {
      if (filled != Filled::lines && !failed_) return filled;
      continue;
    }
    const auto next = static_cast<std::size_t>(end - block.buffer.data()) + 1;
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
  block.lines_above = 0;
  block.scan = scan_;
  if (failed_) return *failed_;
  if (auto whole = stream_.check_whole(); !whole) return whole;
  if (carry_.empty()) return {};
  check(block.buffer.size() >= carry_.size() + padding_bytes, "fill() came before finish()");
  std::size_t have = carry_.size();
  std::memcpy(block.buffer.data(), carry_.data(), have);
  carry_.clear();
  if (!begun_ && !look_at_begin(block, have, true)) return *failed_;
  block.end = have;
  block.unterminated = have > 0;
  drop_header(block);
  return {};
}

void LineReader::drop_header(Block& block) {
  while (header_lines_ > 0 && block.begin < block.end) {
    const BlockLine line = line_at(block, block.begin);
    const char* const text = block.buffer.data() + block.begin;
    block.lines_above +=
        static_cast<std::uint64_t>(std::count(text, text + line.size, scan_.line_end()));
    block.begin = line.next;
    --header_lines_;
  }
}

}  // namespace fealty::files
