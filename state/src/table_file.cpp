#include "src/table_file.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace fealty::state {
namespace {

constexpr std::string_view stem = "ingest", suffix = ".sst.tmp";

void prefetch(const Write& change) {
  constexpr std::size_t line = 64, lines_max = 8;  // The rest the processor foresees.
  __builtin_prefetch(change.key.data());
  const std::size_t bytes = std::min(change.value.size(), lines_max * line);
  for (std::size_t at = 0; at < bytes; at += line) __builtin_prefetch(change.value.data() + at);
}

}  // namespace

std::size_t TableNumbers::take() {
  const std::lock_guard lock{mutex_};
  const auto free = std::find(taken_.begin(), taken_.end(), false);
  const auto number = static_cast<std::size_t>(free - taken_.begin());
  if (free == taken_.end()) taken_.push_back(false);
  taken_[number] = true;
  return number;
}

void TableNumbers::give_back(std::size_t number) {
  const std::lock_guard lock{mutex_};
  taken_[number] = false;
}

/// What cannot be removed is in the way of begin(), which says so.
void remove_table_files(const std::string& directory) {
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator{directory, ignored}) {
    const std::string name = file.path().filename().string();
    if (name.starts_with(stem) && name.ends_with(suffix)) {
      std::filesystem::remove(file.path(), ignored);
    }
  }
}

TableFile::TableFile(RocksDatabase& db, Family family, const std::string& directory,
                     std::size_t number)
    : db_{db},
      family_{family},
      name_{directory + '/' + std::string{stem} + (family == Family::state ? "" : ".history") +
            (number == 0 ? "" : '.' + std::to_string(number)) + std::string{suffix}} {}

/// One that could not be taken in may have left the name: a second one of the very table that the
/// store reads from now on. To open it would cut that table to nothing.
rocksdb::Status TableFile::begin() {
  const auto removed = db_->GetEnv()->DeleteFile(name_);
  if (!removed.ok() && !removed.IsNotFound() && !removed.IsPathNotFound()) return removed;
  rocksdb::Options options = db_->GetOptions(db_.handle(family_));
  // As is usual at level 0: compaction compresses. History is large and compressed from the first.
  if (family_ == Family::state) options.compression = rocksdb::kNoCompression;
  rocksdb::EnvOptions environment;
  environment.use_direct_writes = options.use_direct_io_for_flush_and_compaction;
  return writer_.emplace(environment, options).Open(name_);
}

rocksdb::Status TableFile::add(std::string_view prefix, std::span<const Write> changes) {
  if (!writer_) {
    if (auto begun = begin(); !begun.ok()) return begun;
  }
  // Sorted, they lie all over the memory of the batch.
  constexpr std::size_t prefetch_ahead = 12;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i + prefetch_ahead < changes.size()) prefetch(changes[i + prefetch_ahead]);
    const Write& change = changes[i];
    key_.assign(prefix).append(change.key);
    auto added = change.erase ? writer_->Delete(key_) : writer_->Put(key_, slice(change.value));
    if (!added.ok()) return added;
  }
  return rocksdb::Status::OK();
}

rocksdb::Status TableFile::finish() { return writer_->Finish(); }

rocksdb::IngestExternalFileArg TableFile::ingestion() const {
  rocksdb::IngestExternalFileArg out;
  out.column_family = db_.handle(family_);
  out.external_files = {name_};
  out.options.move_files = true;
  out.options.snapshot_consistency = false;  // No snapshot is ever held over a write.
  return out;
}

}  // namespace fealty::state
