#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/state/encoded_store.hpp"

namespace fealty::state {

/// What bounds the memory and the work of all partitions together. Changes no outcome.
struct RocksOptions {
  std::size_t block_cache_bytes = std::size_t{256} * 1024 * 1024;
  std::size_t write_buffer_bytes = std::size_t{128} * 1024 * 1024;
  int background_jobs = 2;  // flushes and compactions at a time
  /// Without it a kill loses what is not yet flushed: the store is then an older committed prefix,
  /// and a recovery reads more of the log.
  bool write_ahead_log = true;
};

/// What the partitions of one process share: block cache, write-buffer limit, settings.
/// Owns: both; a store keeps them alive. Threads: any.
class RocksShared {
 public:
  explicit RocksShared(const RocksOptions& options = {});
  ~RocksShared();
  RocksShared(const RocksShared&) = delete;
  RocksShared& operator=(const RocksShared&) = delete;
  /// Bytes that block cache and write buffers take now.
  [[nodiscard]] std::size_t bytes_used() const;

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

enum class Access : std::uint8_t {
  read_write,  // makes the directory where there is none, and locks it
  read_only,   // of a store that may be in use; sees it as of this call
};

/// A MemberStore on disk: one RocksDB a partition, in `<state>/p0000` and so on, one column family,
/// so that whatever a crash leaves is a prefix of whole batches.
///
/// Owns:    its directory. Threads: as EncodedStore, and RocksDB's own in the background.
/// Errors:  as MemberStore; open() also: state_in_use, wrong_revision, store_corrupt,
///          output_unwritable. Each names the directory.
class RocksStore final : public EncodedStore {
 public:
  static Result<std::unique_ptr<RocksStore>> open(const std::string& state_directory,
                                                  std::uint32_t partition,
                                                  const RocksShared& shared,
                                                  Access access = Access::read_write);
  /// Partitions that have a directory in `state_directory`, ascending; none where it does not
  /// exist.
  static std::vector<std::uint32_t> partitions(const std::string& state_directory);

 private:
  using EncodedStore::EncodedStore;
};

}  // namespace fealty::state
