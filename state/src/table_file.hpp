#pragma once

#include <rocksdb/sst_file_writer.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fealty/state/key_value.hpp"
#include "src/rocks_database.hpp"

namespace fealty::state {

/// A new table file on its way into a family; there is none before the first change.
/// Borrows the database. Threads: one; files of different families beside each other.
class TableFile {
 public:
  TableFile(RocksDatabase& db, Family family, const std::string& directory);
  /// The changes' keys with `prefix` before each. Ascending over all calls.
  [[nodiscard]] rocksdb::Status add(std::string_view prefix, std::span<const Write> changes);
  /// Precondition: begun().
  [[nodiscard]] rocksdb::Status finish();
  [[nodiscard]] bool begun() const { return writer_.has_value(); }
  /// How the database takes it in, once it is finished.
  [[nodiscard]] rocksdb::IngestExternalFileArg ingestion() const;

 private:
  [[nodiscard]] rocksdb::Status begin();

  RocksDatabase& db_;
  const Family family_;
  const std::string name_;
  std::optional<rocksdb::SstFileWriter> writer_;
  std::string key_;  // scratch
};

}  // namespace fealty::state
