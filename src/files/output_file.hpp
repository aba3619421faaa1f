#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "block_writer.hpp"
#include "fealty/files/sha256.hpp"

namespace fealty::files {

/// A file that grows line by line, in big writes.
/// Owns: the file. Threads: one at a time. Errors: output_unwritable, with file and reason.
class OutputFile {
 public:
  OutputFile() = default;
  /// Opens it and cuts it to `bytes`. store_corrupt where it is shorter. `durable`: sync() syncs.
  static Result<OutputFile> open(std::string path, std::uint64_t bytes, bool durable);

  Result<void> add_line(std::string_view line) {
    pending_.append(line);
    pending_.push_back('\n');
    return pending_.size() < pending_bytes_max ? Result<void>{} : take_pending();
  }
  Result<void> flush();
  /// What was flushed is on the disk once this returns.
  Result<void> sync();
  /// Drops everything behind the first `bytes`.
  Result<void> cut_to(std::uint64_t bytes);
  /// Length of the file with what is still buffered.
  [[nodiscard]] std::uint64_t bytes() const { return writer_.bytes() + pending_.size(); }
  /// SHA-256 of the file after flush(); read again only where it was not written whole in this
  /// life.
  [[nodiscard]] Result<std::string> sha256() const;

 private:
  static constexpr std::size_t pending_bytes_max = 64 * 1024;  // hashed while it is near
  Result<void> take_pending();
  BlockWriter writer_;
  bool durable_ = true;
  bool unsynced_ = false;
  std::string pending_;
  Sha256 sum_;
  bool summed_ = true;  // sum_ is that of the whole file
};

}  // namespace fealty::files
