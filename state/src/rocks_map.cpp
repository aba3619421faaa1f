#include "src/rocks_map.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "fealty/state/in_use.hpp"

namespace fealty::state {
namespace {

/// Values of one MultiGet pinned at a time: as many as RocksDB looks up together.
constexpr std::size_t get_many_max = 32;

std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

Error error_of(const rocksdb::Status& status, const std::string& directory) {
  std::string text = status.ToString();
  // A table that is gone it looks for by an older name at last, and tells that one.
  for (auto at = text.find(".ldb"); at != std::string::npos; at = text.find(".ldb", at)) {
    text.replace(at, 4, ".sst");
  }
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
  if (status.IsPathNotFound() || text.find("No such file") != std::string::npos) {
    return {Errc::store_corrupt, "state", directory + ": " + text};
  }
  return {Errc::store_unavailable, "state", directory + ": " + text};
}

Error error_of_reader(const rocksdb::Status& status, const std::string& directory) {
  Error error = error_of(status, directory);
  if (error.code == Errc::store_corrupt && !status.IsCorruption() && in_use(directory)) {
    error.code = Errc::store_unavailable;
    error.detail += ": the process that writes to it has replaced a file meanwhile; ask again";
  }
  return error;
}

RocksMap::RocksMap(std::unique_ptr<rocksdb::DB> db,
                   std::vector<rocksdb::ColumnFamilyHandle*> handles, std::string directory,
                   std::shared_ptr<rocksdb::WriteBufferManager> write_buffers,
                   const RocksOptions& options, Access access)
    : db_{std::move(db), std::move(handles)},
      directory_{std::move(directory)},
      write_buffers_{std::move(write_buffers)},
      gather_{options.gather},
      shared_{access == Access::read_only} {
  write_options_.disableWAL = !options.write_ahead_log;
}

RocksMap::~RocksMap() {
  (void)settle();  // A failure leaves an older prefix.
}

Error RocksMap::read_error(const rocksdb::Status& status) const {
  return shared_ ? error_of_reader(status, directory_) : error_of(status, directory_);
}

Result<std::optional<std::string>> RocksMap::get(std::string_view key) {
  if (!gathered_.empty()) {
    const GatheredWrites::Look look{gathered_};
    if (const auto write = look.find(key)) {
      return write->erase ? std::optional<std::string>{} : std::optional{std::string{write->value}};
    }
  }
  std::string value;
  const auto status = db_->Get({}, db_.handle(family_of(key)), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return read_error(status);
  return std::optional{std::move(value)};
}

/// Those that are gathered first; what leaves there meanwhile is on disk by then.
Result<void> RocksMap::get_many(std::span<const std::string_view> keys, const GotVisitor& visit) {
  if (gathered_.empty()) return get_written(keys, {}, visit);
  std::vector<std::size_t> written;
  std::vector<std::string_view> written_keys;
  {
    const GatheredWrites::Look look{gathered_};
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto write = look.find(keys[i]);
      if (!write) {
        written.push_back(i);
        written_keys.push_back(keys[i]);
      } else if (!write->erase) {
        if (auto visited = visit(i, write->value); !visited) return visited;
      }
    }
  }
  return get_written(written_keys, written, visit);
}

/// `numbers`: by which `visit` knows the keys; empty = their places.
Result<void> RocksMap::get_written(std::span<const std::string_view> keys,
                                   std::span<const std::size_t> numbers, const GotVisitor& visit) {
  std::array<rocksdb::Slice, get_many_max> wanted;
  std::array<rocksdb::PinnableSlice, get_many_max> values;
  std::array<rocksdb::Status, get_many_max> statuses;
  for (std::size_t start = 0, count = 0; start < keys.size(); start += count) {
    const Family family = family_of(keys[start]);
    const std::size_t most = std::min(get_many_max, keys.size() - start);
    for (count = 0; count < most && family_of(keys[start + count]) == family; ++count) {
      wanted.at(count) = slice(keys[start + count]);
    }
    db_->MultiGet({}, db_.handle(family), count, wanted.data(), values.data(), statuses.data(),
                  /*sorted_input=*/true);
    Result<void> result;
    for (std::size_t i = 0; i < count; ++i) {
      if (result.has_value() && statuses.at(i).ok()) {
        const std::size_t number = numbers.empty() ? start + i : numbers[start + i];
        result = visit(number, view(values.at(i)));
      } else if (result.has_value() && !statuses.at(i).IsNotFound()) {
        result = read_error(statuses.at(i));
      }
      values.at(i).Reset();
    }
    if (!result) return result;
  }
  return {};
}

std::vector<rocksdb::LiveFileMetaData> RocksMap::live_files() const {
  std::vector<rocksdb::LiveFileMetaData> out;
  db_->GetLiveFilesMetaData(&out);
  return out;
}

Result<void> RocksMap::write(std::span<const Write> changes) {
  return write_in_turn(changes, [] { return Result<void>{}; });
}

Result<void> RocksMap::write_in_turn(std::span<const Write> changes, const Turn& turn) {
  std::size_t bytes = 0;
  for (const Write& change : changes) bytes += change.key.size() + change.value.size();
  std::unique_lock writing{writing_, std::defer_lock};
  const auto take_turn = [&]() -> Result<void> {
    if (auto come = turn(); !come) return come;
    writing.lock();
    return write_gathered();
  };
  const bool beside = worth_a_table(changes.size(), bytes);
  if (!beside) {
    if (auto taken = take_turn(); !taken) return taken;
  }
  RocksWrite write{*this, changes.size(), bytes};
  if (auto added = write.add({}, changes); !added) return added;
  if (beside) {
    if (auto taken = take_turn(); !taken) return taken;
  }
  return write.finish();
}

Result<void> RocksMap::scan(std::string_view first, std::string_view end,
                            const PairVisitor& visit) {
  if (auto settled = settle(first, end); !settled) return settled;
  const rocksdb::Slice upper = slice(end);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  options.fill_cache = false;
  options.adaptive_readahead = true;
  const std::unique_ptr<rocksdb::Iterator> at{
      db_->NewIterator(options, db_.handle(family_of(first)))};
  at->Seek(slice(first));
  return visit_from(*at, visit);
}

Result<void> RocksMap::scan_from(std::string_view first, std::string_view at, std::string_view end,
                                 const PairVisitor& visit) {
  if (auto settled = settle(first, end); !settled) return settled;
  const rocksdb::Slice lower = slice(first), upper = slice(end);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> iterator{
      db_->NewIterator(options, db_.handle(family_of(first)))};
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
  if (!at.status().ok()) return read_error(at.status());
  return {};
}

void RocksMap::begin_filling() {
  const std::lock_guard turn{filling_};
  if (fillings_++ == 0) compact_from(level0_files_filling);
}

void RocksMap::end_filling() {
  const std::lock_guard turn{filling_};
  if (--fillings_ == 0) compact_from(level0_files);
}

/// Where that fails it merely stays as it was; the database opens with level0_files.
void RocksMap::compact_from(int files) {
  for (rocksdb::ColumnFamilyHandle* const family : db_.handles()) {
    (void)db_->SetOptions(family, {{"level0_file_num_compaction_trigger", std::to_string(files)}});
  }
}

}  // namespace fealty::state
