#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty::files {

/// A file that appears under its name only once it is whole. Written to "<path>.tmp" beside it;
/// destroyed without commit(), it leaves nothing.
/// Owns: the temporary. Threads: one at a time. Errors: output_unwritable, with file and reason.
class AtomicFile {
 public:
  static Result<AtomicFile> create(std::string path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Buffered.
  Result<void> append(std::string_view bytes);
  /// Renames into place. `durable`: survives a power cut once it returns.
  Result<void> commit(bool durable);

 private:
  AtomicFile(std::string path, int fd) : path_{std::move(path)}, fd_{fd} {}
  Result<void> flush();
  std::string path_;
  std::string buffer_;
  int fd_ = -1;
};

/// AtomicFile in one call.
Result<void> write_atomically(const std::string& path, std::string_view bytes, bool durable);

/// The whole of a file. input_unreadable.
Result<std::string> read_file(const std::string& path);

/// SHA-256 of a file, 64 lower-case hex digits. input_unreadable.
Result<std::string> sha256_file(const std::string& path);

}  // namespace fealty::files
