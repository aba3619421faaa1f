#pragma once

#include <rocksdb/sst_file_writer.h>

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/state/key_value.hpp"
#include "src/rocks_database.hpp"

namespace fealty::state {

/// Numbers by which table files on their way in are told apart: the lowest that is free.
/// Threads: any.
class TableNumbers {
 public:
  std::size_t take();
  void give_back(std::size_t number);

 private:
  std::mutex mutex_;
  std::vector<bool> taken_;
};

/// Removes what a process that was killed left of such files; before there are any.
void remove_table_files(const std::string& directory);

/// A new table file on its way into a family; there is none before the first change.
/// Borrows the database. Threads: one; files of different families or numbers beside each other.
class TableFile {
 public:
  TableFile(RocksDatabase& db, Family family, const std::string& directory, std::size_t number);
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
