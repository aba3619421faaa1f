#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty::files {

/// A file that appears under its name only once it is whole. Written to "<path>.tmp" beside it;
/// destroyed without commit(), it leaves nothing.
/// Owns: the temporary. Threads: one at a time. Errors: output_unwritable, with file and reason.
class AtomicFile {
 public:
  /// `past_cache`: a large file that nobody reads soon need not stay in the page cache.
  static Result<AtomicFile> create(std::string path, bool past_cache);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Buffered.
  Result<void> append(std::string_view bytes);
  /// Renames into place. `durable`: survives a power cut once it returns.
  Result<void> commit(bool durable);

 private:
  struct Impl;
  explicit AtomicFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// AtomicFile in one call.
Result<void> write_atomically(const std::string& path, std::string_view bytes, bool durable);

/// The whole of a file. input_unreadable.
Result<std::string> read_file(const std::string& path);

/// SHA-256 of a file, 64 lower-case hex digits. input_unreadable.
Result<std::string> sha256_file(const std::string& path);

}  // namespace fealty::files
