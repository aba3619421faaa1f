#include "block_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fealty/base/check.hpp"

namespace fealty::files {

Result<BlockWriter> BlockWriter::open(Fd fd, std::string path, std::uint64_t bytes,
                                      bool past_cache) {
  BlockWriter out;
  out.fd_ = std::move(fd);
  out.path_ = std::move(path);
  struct stat status {};
  if (::fstat(out.fd_.get(), &status) != 0) return errno_error(Errc::output_unwritable, out.path_);
  out.regular_ = S_ISREG(status.st_mode);
  out.past_cache_ =
      past_cache && out.regular_ && out.set_past_cache(true) && out.set_past_cache(false);
  out.buffer_.reset(static_cast<char*>(std::aligned_alloc(alignment, buffer_bytes)));
  check(out.buffer_ != nullptr, "memory for a buffer");
  if (auto cut = out.cut_to(bytes); !cut) return cut.error();
  return out;
}

bool BlockWriter::set_past_cache(bool on) {
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  return flags >= 0 && ::fcntl(fd_.get(), F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/// What is no regular file (a device, a pipe) has no length to cut.
Result<void> BlockWriter::cut_to(std::uint64_t bytes) {
  filled_ = flushed_ = 0;
  block_at_ = bytes;
  if (!regular_) return {};
  if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) {
    return errno_error(Errc::output_unwritable, path_);
  }
  return past_cache_ ? read_back(bytes) : Result<void>{};
}

/// Brings the unfull block before `bytes` back into the buffer.
Result<void> BlockWriter::read_back(std::uint64_t bytes) {
  block_at_ = bytes & ~std::uint64_t{alignment - 1};
  const std::size_t rest = bytes - block_at_;
  if (rest == 0) return {};
  const Fd in = open_fd(path_, O_RDONLY);
  if (!in.valid()) return errno_error(Errc::output_unwritable, path_);
  const ssize_t got = ::pread(in.get(), buffer_.get(), rest, static_cast<off_t>(block_at_));
  if (got != static_cast<ssize_t>(rest)) return errno_error(Errc::output_unwritable, path_);
  filled_ = flushed_ = rest;
  return {};
}

Result<void> BlockWriter::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t take = std::min(bytes.size(), buffer_bytes - filled_);
    std::memcpy(buffer_.get() + filled_, bytes.data(), take);
    filled_ += take;
    bytes.remove_prefix(take);
    if (filled_ < buffer_bytes) continue;
    if (auto written = write_blocks(); !written) return written;
  }
  return {};
}

/// Writes the whole blocks of the buffer and moves the rest to its front.
Result<void> BlockWriter::write_blocks() {
  const std::size_t whole = past_cache_ ? filled_ & ~(alignment - 1) : filled_;
  if (whole == 0) return {};
  if (past_cache_) {
    set_past_cache(true);
    auto written = write_at({buffer_.get(), whole}, block_at_);
    set_past_cache(false);
    // A file system may take the flag and refuse the write.
    if (!written && errno == EINVAL) {
      past_cache_ = false;
      return write_blocks();
    }
    if (!written) return written;
  } else {
    auto written = write_at({buffer_.get() + flushed_, whole - flushed_}, block_at_ + flushed_);
    if (!written) return written;
  }
  std::memmove(buffer_.get(), buffer_.get() + whole, filled_ - whole);
  block_at_ += whole;
  filled_ -= whole;
  flushed_ = 0;
  return {};
}

Result<void> BlockWriter::flush() {
  if (filled_ == flushed_) return {};
  if (auto written = write_blocks(); !written) return written;
  if (filled_ == 0) return {};
  auto written = write_at({buffer_.get(), filled_}, block_at_);
  if (written) flushed_ = filled_;
  return written;
}

Result<void> BlockWriter::write_at(std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written =
        regular_ ? ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at))
                 : ::write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_error(Errc::output_unwritable, path_);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return {};
}

}  // namespace fealty::files
