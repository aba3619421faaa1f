#include <algorithm>

#include "src/rocks_map.hpp"

namespace fealty::state {
namespace {

/// From this many bytes on a write becomes a table file. Not before, however many changes it has:
/// level 0 is compacted by the number of its files, and small ones make that dear.
constexpr std::size_t table_bytes_min = std::size_t{16} << 20U;
/// What a write buffer holds beside key and value of a change, at most.
constexpr std::size_t entry_bytes = 64;
/// A write that takes more of the write buffers than this part of them becomes a table file.
constexpr std::size_t buffer_parts = 4;

void prefetch(const Write& change) {
  constexpr std::size_t line = 64, lines_max = 8;  // The rest the processor foresees.
  __builtin_prefetch(change.key.data());
  const std::size_t bytes = std::min(change.value.size(), lines_max * line);
  for (std::size_t at = 0; at < bytes; at += line) __builtin_prefetch(change.value.data() + at);
}

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

std::size_t RocksWrite::memory_of(std::size_t changes, std::size_t bytes) {
  return bytes + changes * entry_bytes;
}

bool RocksMap::worth_a_table(std::size_t changes, std::size_t bytes) const {
  return bytes >= table_bytes_min ||
         RocksWrite::memory_of(changes, bytes) > write_buffers_->buffer_size() / buffer_parts;
}

RocksWrite::RocksWrite(RocksMap& map, std::size_t changes, std::size_t bytes)
    : map_{map}, memory_{memory_of(changes, bytes)}, file_{map.directory_ + "/ingest.sst.tmp"} {
  map_.batch_.Clear();
  if (!map.worth_a_table(changes, bytes)) return;
  rocksdb::EnvOptions environment;
  environment.use_direct_writes = map.db_->GetDBOptions().use_direct_io_for_flush_and_compaction;
  rocksdb::Options options = map.db_->GetOptions();
  options.compression = rocksdb::kNoCompression;  // As is usual at level 0: compaction compresses.
  table_.emplace(environment, options);
  begun_ = begin_file();
}

/// A process that was killed while it took such a file in may have left the name: a second one of
/// the very table that the store reads from now on. To open it would cut that table to nothing.
rocksdb::Status RocksWrite::begin_file() {
  const auto removed = map_.db_->GetEnv()->DeleteFile(file_);
  if (!removed.ok() && !removed.IsNotFound() && !removed.IsPathNotFound()) return removed;
  return table_->Open(file_);
}

Result<void> RocksWrite::answer(const rocksdb::Status& status) const {
  if (!status.ok()) return error_of(status, map_.directory_);
  return {};
}

Result<void> RocksWrite::add(std::string_view prefix, std::span<const Write> changes) {
  if (!begun_.ok()) return answer(begun_);
  // Sorted, they lie all over the memory of the batch.
  constexpr std::size_t prefetch_ahead = 12;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i + prefetch_ahead < changes.size()) prefetch(changes[i + prefetch_ahead]);
    const Write& change = changes[i];
    key_.assign(prefix).append(change.key);
    const auto status = add({key_, change.value, change.erase});
    if (!status.ok()) return answer(status);
  }
  return {};
}

rocksdb::Status RocksWrite::add(const Write& change) {
  const rocksdb::Slice key = slice(change.key);
  if (table_) return change.erase ? table_->Delete(key) : table_->Put(key, slice(change.value));
  if (change.erase) return map_.batch_.Delete(key);
  return map_.batch_.Put(key, slice(change.value));
}

Result<void> RocksWrite::finish() {
  if (table_) return answer(ingest());
  if (auto room = map_.make_room(memory_); !room) return room;
  return answer(map_.db_->Write(map_.write_options_, &map_.batch_));
}

rocksdb::Status RocksMap::flush() {
  rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  return db_->Flush(options);
}

/// For so much more. RocksDB's own way to hold its write buffers to their bound leaves a writer
/// waiting for ever where a flush has failed.
Result<void> RocksMap::make_room(std::size_t memory) {
  const std::size_t used = write_buffers_->memory_usage() + gathered_.memory();
  if (used + memory <= write_buffers_->buffer_size()) return {};
  const auto flushed = flush();
  return flushed.ok() ? Result<void>{} : error_of(flushed, directory_);
}

/// A large sorted write becomes a table file of its own and is taken in whole: a third of the work
/// of log, memtable and flush. Atomic like a write: the file counts once the manifest names it.
/// What is in memory comes first: it is older, and whatever a crash leaves must be a prefix.
rocksdb::Status RocksWrite::ingest() {
  auto status = table_->Finish();
  if (status.ok()) status = map_.flush();
  if (!status.ok()) return status;
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.snapshot_consistency = false;  // No snapshot is ever held over a write.
  return map_.db_->IngestExternalFile({file_}, options);
}

}  // namespace fealty::state
