#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/member_store.hpp"

namespace fealty::state {

/// What bounds the memory and the work of all partitions together. Changes no outcome.
struct RocksOptions {
  std::size_t block_cache_bytes = std::size_t{256} * 1024 * 1024;
  std::size_t write_buffer_bytes = std::size_t{128} * 1024 * 1024;
  int background_jobs = 2;  // flushes and compactions at a time
  /// Without it a kill loses what is not yet flushed: the stores are then an older committed
  /// prefix, and a recovery reads more of the log.
  bool write_ahead_log = true;
  /// Small commits are gathered in memory, within the bound of the write buffers, until they are
  /// worth a table file together, or for so long; 0 = each is written by itself. A kill loses what
  /// is gathered, as above, and another process does not see it.
  std::chrono::milliseconds gather{0};
};

enum class Access : std::uint8_t {
  read_write,  // makes the directory where there is none, and locks it
  read_only,   // of stores that may be in use; sees them as of this call
};

/// The stores of a state directory: one RocksDB for all partitions, each a range of its keys that
/// begins with the partition's number (4 bytes, big endian). A commit, or several of them gathered,
/// is one write to it, so that whatever a crash leaves is a prefix of whole commits. The ledger is
/// a column family of its own.
///
/// Owns:    its directory, and the memory that its options bound.
/// Threads: save() and settle() one at a time; open() any. Its stores may be read and restored,
/// each
///          on one thread at a time, beside save().
/// Errors:  as MemberStore; open_in() also: state_in_use, wrong_revision, store_corrupt,
///          output_unwritable, input_unreadable (nothing there to read). Each names the directory.
class RocksStores final : public ports::MemberStores {
 public:
  static Result<std::unique_ptr<RocksStores>> open_in(const std::string& directory,
                                                      const RocksOptions& options = {},
                                                      Access access = Access::read_write);
  ~RocksStores() override;

  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override;
  Result<void> save(std::span<const Save> saves) override;
  Result<void> settle() override;

  /// Those of which anything is saved, ascending.
  Result<std::vector<std::uint32_t>> partitions();
  /// Bytes that block cache, write buffers and what is gathered take now.
  [[nodiscard]] std::size_t bytes_used() const;

 private:
  struct Impl;
  explicit RocksStores(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Whether another process has the state directory open for writing.
bool in_use(const std::string& directory);

}  // namespace fealty::state
