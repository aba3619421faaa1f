#include "byte_stream.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "fealty/base/check.hpp"

namespace fealty::files {
namespace {

constexpr std::size_t raw_buffer_bytes = 256 * 1024;
constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
constexpr std::string_view zstd_skippable_tail = "\x2a\x4d\x18";  // after 0x50..0x5f

enum class Match : std::uint8_t { no, maybe, yes };

Match begins_with(std::string_view bytes, std::string_view magic) {
  const std::size_t size = std::min(bytes.size(), magic.size());
  if (bytes.substr(0, size) != magic.substr(0, size)) return Match::no;
  return size == magic.size() ? Match::yes : Match::maybe;
}

Match is_zstd(std::string_view bytes) {
  if (bytes.empty()) return Match::maybe;
  if ((static_cast<unsigned char>(bytes[0]) & 0xf0U) == 0x50U) {
    // 'P' to '_' also begin a line of text: all four bytes decide.
    return begins_with(bytes.substr(1), zstd_skippable_tail);
  }
  return begins_with(bytes, zstd_magic);
}

}  // namespace

ByteStream::ByteStream(std::string path, Fd fd, bool regular)
    : path_{std::move(path)}, fd_{std::move(fd)}, regular_{regular}, raw_(raw_buffer_bytes) {
  if (regular_) ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

Error ByteStream::corrupt(std::string_view fault) const {
  return path_error(Errc::input_corrupt, path_,
                    "byte " + std::to_string(raw_bytes()) + ": " + std::string{fault});
}

Result<ReadStep> ByteStream::read_raw(char* to, std::size_t size) {
  if (!regular_) {
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, 0) == 0) return ReadStep{};
  }
  const long got = read_some(fd_.get(), to, size);
  if (got < 0 && errno == EAGAIN) return ReadStep{};
  if (got < 0) return errno_error(Errc::input_unreadable, path_);
  raw_bytes_ += static_cast<std::uint64_t>(got);
  return ReadStep{static_cast<std::size_t>(got), got == 0};
}

Result<ReadStep> ByteStream::fill_raw() {
  if (raw_begin_ > 0) {
    std::memmove(raw_.data(), raw_.data() + raw_begin_, raw_end_ - raw_begin_);
    raw_end_ -= raw_begin_;
    raw_begin_ = 0;
  }
  auto step = read_raw(raw_.data() + raw_end_, raw_.size() - raw_end_);
  if (step) raw_end_ += step->bytes;
  return step;
}

/// Answers with bytes > 0 once the format is known.
Result<ReadStep> ByteStream::detect() {
  while (true) {
    const std::string_view head{raw_.data() + raw_begin_, raw_end_ - raw_begin_};
    const Match gzip = begins_with(head, gzip_magic);
    const Match zstd = is_zstd(head);
    if (gzip == Match::yes) decompressor_ = make_gzip();
    if (zstd == Match::yes) decompressor_ = make_zstd();
    const bool undecided = gzip == Match::maybe || zstd == Match::maybe;
    if (decompressor_ || !undecided) {
      format_ = decompressor_ ? Format::compressed : Format::plain;
      return ReadStep{1, false};
    }
    const auto step = fill_raw();
    if (!step || step->bytes == 0) return step;
  }
}

Result<ReadStep> ByteStream::read_plain(char* to, std::size_t size) {
  if (raw_begin_ == raw_end_) return read_raw(to, size);
  const std::size_t taken = std::min(size, raw_end_ - raw_begin_);
  std::memcpy(to, raw_.data() + raw_begin_, taken);
  raw_begin_ += taken;
  return ReadStep{taken, false};
}

Result<ReadStep> ByteStream::read_compressed(char* to, std::size_t size) {
  if (fault_ != nullptr) return corrupt(fault_);
  while (true) {
    // First what is at hand, so that output held back inside the decompressor comes out.
    const auto step =
        decompressor_->step(raw_.data() + raw_begin_, raw_end_ - raw_begin_, to, size);
    raw_begin_ += step.taken;
    fault_ = step.fault;
    if (step.made > 0) return ReadStep{step.made, false};
    if (fault_ != nullptr) return corrupt(fault_);
    if (step.taken > 0) continue;
    check(raw_end_ - raw_begin_ < raw_.size(), "a decompressor takes from a full buffer");
    const auto filled = fill_raw();
    if (!filled || filled->bytes == 0) return filled;
  }
}

Result<ReadStep> ByteStream::read(char* to, std::size_t size) {
  check(size > 0, "a read asks for something");
  if (format_ == Format::unknown) {
    const auto known = detect();
    if (!known) return known;
    if (known->bytes == 0 && (!known->at_end || raw_begin_ == raw_end_)) return known;
    // An end behind a few bytes that could have begun a magic number: a very short text.
    if (known->bytes == 0) format_ = Format::plain;
  }
  return format_ == Format::plain ? read_plain(to, size) : read_compressed(to, size);
}

Result<void> ByteStream::check_whole() const {
  if (format_ != Format::compressed) return {};
  if (raw_begin_ == raw_end_ && decompressor_->whole()) return {};
  return corrupt("the compressed file ends in the middle");
}

}  // namespace fealty::files
