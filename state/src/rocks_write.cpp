#include <algorithm>
#include <future>
#include <ranges>

#include "src/keys.hpp"
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

}  // namespace

std::size_t RocksWrite::memory_of(std::size_t changes, std::size_t bytes) {
  return bytes + changes * entry_bytes;
}

bool RocksMap::worth_a_table(std::size_t changes, std::size_t bytes) const {
  return bytes >= table_bytes_min ||
         RocksWrite::memory_of(changes, bytes) > write_buffers_->buffer_size() / buffer_parts;
}

RocksWrite::RocksWrite(RocksMap& map, std::size_t changes, std::size_t bytes)
    : map_{map}, memory_{memory_of(changes, bytes)} {
  if (!map.worth_a_table(changes, bytes)) {
    map.batch_.Clear();
    return;
  }
  number_ = map.tables_.take();
  for (const Family family : families) {
    files_[place_of(family)].emplace(map.db_, family, map.directory_, *number_);
  }
}

RocksWrite::~RocksWrite() {
  for (auto& file : files_) file.reset();
  if (number_) map_.tables_.give_back(*number_);
}

Result<void> RocksWrite::answer(const rocksdb::Status& status) const {
  if (!status.ok()) return error_of(status, map_.directory_);
  return {};
}

/// Parts `changes` by family: runs of one table, found by halving.
void RocksWrite::part(std::string_view prefix, std::span<const Write> changes) {
  for (Parts& parts : parts_) parts.clear();
  while (!changes.empty()) {
    key_.assign(prefix).append(changes.front().key);
    const Family family = family_of(key_);
    key_.resize(std::min(key_.size(), keys::partition_bytes + 1));
    const std::string_view table = std::string_view{key_}.substr(prefix.size());
    const auto end = std::partition_point(changes.begin(), changes.end(), [&](const Write& change) {
      return change.key.substr(0, table.size()) <= table;
    });
    const auto count = static_cast<std::size_t>(end - changes.begin());
    parts_[place_of(family)].push_back(changes.first(count));
    changes = changes.subspan(count);
  }
}

Result<void> RocksWrite::add(std::string_view prefix, std::span<const Write> changes) {
  part(prefix, changes);
  return answer(files_.front() ? add_to_files(prefix) : add_to_batch(prefix));
}

rocksdb::Status RocksWrite::add_to_batch(std::string_view prefix) {
  for (const Family family : families) {
    rocksdb::ColumnFamilyHandle* const handle = map_.db_.handle(family);
    for (const Write& change : std::views::join(parts_[place_of(family)])) {
      key_.assign(prefix).append(change.key);
      const auto added = change.erase ? map_.batch_.Delete(handle, key_)
                                      : map_.batch_.Put(handle, key_, slice(change.value));
      if (!added.ok()) return added;
    }
  }
  return rocksdb::Status::OK();
}

rocksdb::Status RocksWrite::add_to_file(Family family, std::string_view prefix) {
  for (const std::span<const Write> changes : parts_[place_of(family)]) {
    auto added = files_[place_of(family)]->add(prefix, changes);
    if (!added.ok()) return added;
  }
  return rocksdb::Status::OK();
}

/// History beside the rest where it is much: it is fewer keys, but they are compressed. Where no
/// thread is to be had, behind it.
rocksdb::Status RocksWrite::add_to_files(std::string_view prefix) {
  constexpr std::size_t thread_changes_min = 2048;
  std::size_t changes = 0;
  for (const auto part : parts_[place_of(Family::history)]) changes += part.size();
  std::future<rocksdb::Status> history;
  if (changes >= thread_changes_min) {
    history = std::async(std::launch::async | std::launch::deferred,
                         [&] { return add_to_file(Family::history, prefix); });
  }
  auto added = add_to_file(Family::state, prefix);
  auto also = history.valid() ? history.get() : add_to_file(Family::history, prefix);
  return added.ok() ? also : added;
}

Result<void> RocksWrite::finish() {
  if (files_.front()) return answer(ingest());
  if (auto room = map_.make_room(memory_); !room) return room;
  return answer(map_.db_->Write(map_.write_options_, &map_.batch_));
}

rocksdb::Status RocksMap::flush() {
  rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  return db_->Flush(options, db_.handles());
}

/// For so much more. RocksDB's own way to hold its write buffers to their bound leaves a writer
/// waiting for ever where a flush has failed.
Result<void> RocksMap::make_room(std::size_t memory) {
  const std::size_t used = write_buffers_->memory_usage() + gathered_.memory();
  if (used + memory <= write_buffers_->buffer_size()) return {};
  const auto flushed = flush();
  return flushed.ok() ? Result<void>{} : error_of(flushed, directory_);
}

/// A large sorted write becomes a table file in each family and is taken in whole: a third of the
/// work of log, memtable and flush. Atomic like a write: the files count once the manifest names
/// them. What is in memory comes first: it is older, and whatever a crash leaves must be a prefix.
rocksdb::Status RocksWrite::ingest() {
  std::vector<rocksdb::IngestExternalFileArg> ingestions;
  for (auto& file : files_) {
    if (!file->begun()) continue;
    if (auto finished = file->finish(); !finished.ok()) return finished;
    ingestions.push_back(file->ingestion());
  }
  if (ingestions.empty()) return rocksdb::Status::OK();
  if (auto flushed = map_.flush(); !flushed.ok()) return flushed;
  return map_.db_->IngestExternalFiles(ingestions);
}

}  // namespace fealty::state
