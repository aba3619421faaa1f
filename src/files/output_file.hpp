#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "os.hpp"

namespace fealty::files {

/// A file that grows line by line, in big writes.
/// Owns: the file. Threads: one at a time. Errors: output_unwritable, with file and reason.
class OutputFile {
 public:
  OutputFile() = default;
  /// Opens it and cuts it to `bytes`. store_corrupt where it is shorter. `durable`: sync() syncs.
  static Result<OutputFile> open(std::string path, std::uint64_t bytes, bool durable);

  Result<void> add_line(std::string_view line) {
    buffer_.append(line);
    buffer_.push_back('\n');
    return buffer_.size() < buffer_bytes_max ? Result<void>{} : flush();
  }
  Result<void> flush();
  /// What was flushed is on the disk once this returns.
  Result<void> sync();
  /// Drops everything behind the first `bytes`.
  Result<void> cut_to(std::uint64_t bytes);
  /// Length of the file with what is still buffered.
  [[nodiscard]] std::uint64_t bytes() const { return written_bytes_ + buffer_.size(); }

 private:
  static constexpr std::size_t buffer_bytes_max = 1024 * 1024;
  std::string path_;
  Fd fd_;
  bool durable_ = true;
  bool unsynced_ = false;
  std::string buffer_;
  std::uint64_t written_bytes_ = 0;
};

}  // namespace fealty::files
