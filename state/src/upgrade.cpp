#include "src/upgrade.hpp"

#include <memory>
#include <string_view>

#include "fealty/log/log.hpp"
#include "src/directory.hpp"
#include "src/keys.hpp"

namespace fealty::state {
namespace {

constexpr std::size_t batch_bytes = std::size_t{1} << 20U;

/// Of a key of the database: its partition and the letter `table`.
std::string table_start(std::string_view key, char table) {
  return std::string{key.substr(0, keys::partition_bytes)}.append(1, table);
}

}  // namespace

Result<void> upgrade(const std::string& directory, std::uint32_t format, RocksMap& map) {
  if (format == directory_version) return {};
  log::warn("state.upgrading", {{"directory", directory},
                                {"from_format", format},
                                {"to_format", directory_version},
                                {"way_back", "none but an empty directory: changelog or replay"}});
  const auto moved = map.take_history();
  if (!moved) return moved.error();
  if (auto written = write_format(directory); !written) return written;
  log::warn("state.upgraded",
            {{"directory", directory}, {"to_format", directory_version}, {"chunks", *moved}});
  return {};
}

/// Each batch puts chunks where they belong and takes them from where they lay, through RocksDB's
/// own log whatever else is written without: a kill leaves each of them in one of the two places.
Result<std::uint64_t> RocksMap::take_history() {
  rocksdb::ColumnFamilyHandle* const from = db_.handle(Family::state);
  rocksdb::ColumnFamilyHandle* const to = db_.handle(Family::history);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 * batch_bytes;
  const std::unique_ptr<rocksdb::Iterator> at{db_->NewIterator(options, from)};
  rocksdb::WriteBatch batch;
  std::uint64_t moved = 0;
  const auto write = [&]() -> rocksdb::Status {
    rocksdb::Status status = db_->Write({}, &batch);
    batch.Clear();
    // Nobody else sees to it here: see make_room().
    if (status.ok() && write_buffers_->memory_usage() > write_buffers_->buffer_size() / 2) {
      status = flush();
    }
    return status;
  };
  rocksdb::Status status;
  at->SeekToFirst();
  while (status.ok() && at->Valid()) {
    const std::string first = table_start(at->key().ToStringView(), keys::ledger_table);
    for (at->Seek(first); status.ok() && at->Valid() && at->key().starts_with(first); at->Next()) {
      status = batch.Put(to, at->key(), at->value());
      if (status.ok()) status = batch.Delete(from, at->key());
      ++moved;
      if (status.ok() && batch.GetDataSize() >= batch_bytes) status = write();
    }
    if (status.ok() && at->Valid()) at->Seek(table_start(first, '\xff'));
  }
  if (status.ok()) status = at->status();
  if (status.ok()) status = write();
  if (status.ok()) status = flush();
  if (!status.ok()) return error_of(status, directory_);
  return moved;
}

}  // namespace fealty::state
