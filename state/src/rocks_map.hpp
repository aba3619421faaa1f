#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// What a RocksDB status means to us, naming the directory.
Error error_of(const rocksdb::Status& status, const std::string& directory);

/// One open RocksDB as an ordered map.
/// Threads: any may read; those that write take turns.
class RocksMap final : public KeyValue {
 public:
  /// `write_buffers`: those of `db`.
  RocksMap(std::unique_ptr<rocksdb::DB> db, std::string directory,
           std::shared_ptr<rocksdb::WriteBufferManager> write_buffers, bool write_ahead_log);
  ~RocksMap() override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override;
  Result<void> write(std::span<const Write> changes) override;
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override;
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override;
  std::uint64_t disk_bytes(std::string_view first, std::string_view end) override;

 private:
  friend class RocksWrite;
  Result<void> visit_from(rocksdb::Iterator& at, const PairVisitor& visit) const;

  std::unique_ptr<rocksdb::DB> db_;
  std::string directory_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  rocksdb::WriteOptions write_options_;
  std::mutex writing_;
  rocksdb::WriteBatch batch_;  // scratch of the one that writes
};

/// A write, all or nothing, whose changes are handed over piece by piece, ascending by key over all
/// of them. It counts once finish() has answered well; until this object goes, others wait.
class RocksWrite {
 public:
  /// `changes` and `bytes`, about: many become a table file.
  RocksWrite(RocksMap& map, std::size_t changes, std::size_t bytes);
  /// The changes' keys with `prefix` before each.
  Result<void> add(std::string_view prefix, std::span<const Write> changes);
  Result<void> finish();

 private:
  [[nodiscard]] rocksdb::Status begin_file();
  [[nodiscard]] rocksdb::Status add(const Write& change);
  [[nodiscard]] rocksdb::Status make_room() const;
  [[nodiscard]] rocksdb::Status write_batch() const;
  [[nodiscard]] rocksdb::Status ingest();
  [[nodiscard]] rocksdb::Status flush() const;
  [[nodiscard]] Result<void> answer(const rocksdb::Status& status) const;

  RocksMap& map_;
  const std::lock_guard<std::mutex> turn_;
  const std::size_t memory_;                     // that it takes of the write buffers
  const std::string file_;                       // where it becomes one
  std::optional<rocksdb::SstFileWriter> table_;  // likewise
  rocksdb::Status begun_;
  std::string key_;  // scratch
};

}  // namespace fealty::state
