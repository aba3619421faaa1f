#include "src/rocks_map.hpp"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>

namespace fealty::state {
namespace {

/// Values of one MultiGet pinned at a time.
constexpr std::size_t get_many_max = 512;
/// From this many changes, or bytes, on a write becomes a table file.
constexpr std::size_t ingest_changes_min = 20'000, ingest_bytes_min = std::size_t{16} << 20U;

std::size_t bytes_of(std::span<const Write> changes) {
  std::size_t bytes = 0;
  for (const auto& change : changes) bytes += change.key.size() + change.value.size();
  return bytes;
}

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Error error_of(const rocksdb::Status& status, const std::string& directory) {
  const std::string text = status.ToString();
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::kNoSpace) {
    return {Errc::output_unwritable, "state", "no space left in " + directory};
  }
  if (status.IsCorruption()) return {Errc::store_corrupt, "state", directory + ": " + text};
  if (text.find("While lock file") != std::string::npos ||
      text.find("lock hold by current process") != std::string::npos) {
    return {Errc::state_in_use, "state", directory + " is in use by another process"};
  }
  if (text.find("Permission denied") != std::string::npos ||
      text.find("Read-only file system") != std::string::npos) {
    return {Errc::output_unwritable, "state", directory + ": " + text};
  }
  return {Errc::store_unavailable, "state", directory + ": " + text};
}

RocksMap::RocksMap(std::unique_ptr<rocksdb::DB> db, std::string directory, bool write_ahead_log)
    : db_{std::move(db)}, directory_{std::move(directory)} {
  write_options_.disableWAL = !write_ahead_log;
}

RocksMap::~RocksMap() {
  // Without a write-ahead log closing flushes what is in memory. A failure leaves an older prefix.
  const rocksdb::Status closed = db_->Close();
  closed.PermitUncheckedError();
}

Result<std::optional<std::string>> RocksMap::get(std::string_view key) {
  std::string value;
  const auto status = db_->Get({}, db_->DefaultColumnFamily(), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return error_of(status, directory_);
  return std::optional{std::move(value)};
}

Result<void> RocksMap::get_many(std::span<const std::string_view> keys, const GotVisitor& visit) {
  for (std::size_t start = 0; start < keys.size(); start += get_many_max) {
    const std::size_t count = std::min(get_many_max, keys.size() - start);
    keys_.clear();
    for (std::size_t i = 0; i < count; ++i) keys_.push_back(slice(keys[start + i]));
    values_.resize(std::max(values_.size(), count));
    statuses_.assign(count, {});
    db_->MultiGet({}, db_->DefaultColumnFamily(), count, keys_.data(), values_.data(),
                  statuses_.data(), /*sorted_input=*/true);
    Result<void> result;
    for (std::size_t i = 0; i < count; ++i) {
      if (result.has_value() && statuses_[i].ok()) {
        result = visit(start + i, view(values_[i]));
      } else if (result.has_value() && !statuses_[i].IsNotFound()) {
        result = error_of(statuses_[i], directory_);
      }
      values_[i].Reset();
    }
    if (!result) return result;
  }
  return {};
}

Result<void> RocksMap::write(std::span<const Write> changes) {
  if (changes.size() >= ingest_changes_min || bytes_of(changes) >= ingest_bytes_min) {
    return ingest(changes);
  }
  batch_.Clear();
  for (const Write& change : changes) {
    const auto status = change.erase ? batch_.Delete(slice(change.key))
                                     : batch_.Put(slice(change.key), slice(change.value));
    if (!status.ok()) return error_of(status, directory_);
  }
  const auto status = db_->Write(write_options_, &batch_);
  if (!status.ok()) return error_of(status, directory_);
  return {};
}

/// A large sorted batch becomes a table file of its own and is taken in whole: a third of the work
/// of log, memtable and flush. Atomic like a write: the file counts once the manifest names it.
Result<void> RocksMap::ingest(std::span<const Write> changes) {
  const std::string file = directory_ + "/ingest.sst.tmp";
  rocksdb::EnvOptions environment;
  environment.use_direct_writes = db_->GetDBOptions().use_direct_io_for_flush_and_compaction;
  rocksdb::Options table = db_->GetOptions();
  table.compression = rocksdb::kNoCompression;  // As is usual at level 0: compaction compresses.
  rocksdb::SstFileWriter writer{environment, table};
  auto status = writer.Open(file);
  for (std::size_t i = 0; status.ok() && i < changes.size(); ++i) {
    const Write& change = changes[i];
    status = change.erase ? writer.Delete(slice(change.key))
                          : writer.Put(slice(change.key), slice(change.value));
  }
  if (status.ok()) status = writer.Finish();
  if (status.ok()) {
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.snapshot_consistency = false;  // No snapshot is ever held over a write.
    status = db_->IngestExternalFile({file}, options);
  }
  if (!status.ok()) return error_of(status, directory_);
  return {};
}

Result<void> RocksMap::scan(std::string_view first, std::string_view end,
                            const PairVisitor& visit) {
  const rocksdb::Slice upper = slice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  options.adaptive_readahead = true;
  const std::unique_ptr<rocksdb::Iterator> at{db_->NewIterator(options)};
  at->Seek(slice(first));
  return visit_from(*at, visit);
}

Result<void> RocksMap::scan_from(std::string_view first, std::string_view at, std::string_view end,
                                 const PairVisitor& visit) {
  const rocksdb::Slice lower = slice(first), upper = slice(end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> iterator{db_->NewIterator(options)};
  iterator->SeekForPrev(slice(at));
  if (!iterator->Valid() && iterator->status().ok()) iterator->SeekToFirst();
  return visit_from(*iterator, visit);
}

Result<void> RocksMap::visit_from(rocksdb::Iterator& at, const PairVisitor& visit) const {
  for (; at.Valid(); at.Next()) {
    auto go_on = visit(view(at.key()), view(at.value()));
    if (!go_on) return go_on.error();
    if (!*go_on) return {};
  }
  if (!at.status().ok()) return error_of(at.status(), directory_);
  return {};
}

std::uint64_t RocksMap::disk_bytes() {
  std::uint64_t bytes = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &bytes);
  return bytes;
}

}  // namespace fealty::state
