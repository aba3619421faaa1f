#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "os.hpp"

namespace fealty::files {

/// Writes a growing file in large blocks past the page cache (O_DIRECT), where the file system can:
/// what goes out once and is not read again need not push out what is. Elsewhere, and for what is
/// no regular file, in large plain writes.
///
/// Owns:    the descriptor and one buffer. The last, unfull block of a flush is written plainly and
///          once more with what follows it.
/// Threads: one at a time. Errors: output_unwritable, with file and reason.
class BlockWriter {
 public:
  BlockWriter() = default;
  /// Goes on behind the first `bytes` of the file that `fd` is; `path` is for messages.
  static Result<BlockWriter> open(Fd fd, std::string path, std::uint64_t bytes, bool past_cache);

  Result<void> append(std::string_view bytes);
  /// Everything appended is in the file.
  Result<void> flush();
  /// Drops everything behind the first `bytes`.
  Result<void> cut_to(std::uint64_t bytes);
  /// Length of the file with what is still buffered.
  [[nodiscard]] std::uint64_t bytes() const { return block_at_ + filled_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  static constexpr std::size_t alignment = 4096;
  static constexpr std::size_t buffer_bytes = std::size_t{1} << 20U;
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  Result<void> read_back(std::uint64_t bytes);
  Result<void> write_blocks();
  Result<void> write_at(std::string_view bytes, std::uint64_t at);
  bool set_past_cache(bool on);

  Fd fd_;
  std::string path_;
  std::unique_ptr<char, Free> buffer_;
  std::size_t filled_ = 0;      // of buffer_
  std::size_t flushed_ = 0;     // of those: written plainly already
  std::uint64_t block_at_ = 0;  // where in the file buffer_ begins; aligned where past_cache_
  bool regular_ = false;
  bool past_cache_ = false;
};

}  // namespace fealty::files
