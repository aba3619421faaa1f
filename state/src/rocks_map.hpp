#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// What a RocksDB status means to us, naming the directory.
Error error_of(const rocksdb::Status& status, const std::string& directory);

/// One open RocksDB as an ordered map.
class RocksMap final : public KeyValue {
 public:
  RocksMap(std::unique_ptr<rocksdb::DB> db, std::string directory, bool write_ahead_log);
  ~RocksMap() override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Result<void> get_many(std::span<const std::string_view> keys, const GotVisitor& visit) override;
  Result<void> write(std::span<const Write> changes) override;
  Result<void> scan(std::string_view first, std::string_view end,
                    const PairVisitor& visit) override;
  Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                         const PairVisitor& visit) override;
  std::uint64_t disk_bytes() override;

 private:
  Result<void> visit_from(rocksdb::Iterator& at, const PairVisitor& visit) const;
  Result<void> ingest(std::span<const Write> changes);

  std::unique_ptr<rocksdb::DB> db_;
  std::string directory_;
  rocksdb::WriteOptions write_options_;
  rocksdb::WriteBatch batch_;
  std::vector<rocksdb::Slice> keys_;
  std::vector<rocksdb::PinnableSlice> values_;
  std::vector<rocksdb::Status> statuses_;
};

}  // namespace fealty::state
