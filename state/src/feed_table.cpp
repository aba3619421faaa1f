#include "fealty/state/feed_table.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "src/keys.hpp"
#include "src/no_log.hpp"
#include "src/rocks_map.hpp"

namespace fealty::state {
namespace {

constexpr char entry_table = 'e';
constexpr std::string_view positions_key = "p1";  // another form of entries gets another

rocksdb::Options options_for(std::size_t memory_bytes) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.write_buffer_size = std::clamp<std::size_t>(memory_bytes / 8, 1 << 20U, 16 << 20U);
  options.max_write_buffer_number = 2;
  options.max_open_files = 64;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(memory_bytes / 2);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));  // most keys asked for are new
  table.cache_index_and_filter_blocks = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

class RocksFeedTable final : public ports::FeedTable {
 public:
  RocksFeedTable(std::unique_ptr<rocksdb::DB> db, std::string directory)
      : db_{std::move(db)}, directory_{std::move(directory)} {}

  Result<std::optional<std::string>> get(std::string_view key) override {
    key_.assign(1, entry_table).append(key);
    return read(key_);
  }

  Result<void> apply(std::span<const Change> changes,
                     std::span<const std::uint64_t> positions) override {
    rocksdb::WriteBatch batch;
    std::string text;
    for (const auto position : positions) keys::append_big_endian(position, text);
    rocksdb::Status status = batch.Put(slice(positions_key), text);
    for (const Change& change : changes) {
      if (!status.ok()) break;
      key_.assign(1, entry_table).append(change.key);
      status = change.value.empty() ? batch.Delete(key_) : batch.Put(key_, change.value);
    }
    // Without its log: what a kill loses is read from the feed again. Closing writes all of it.
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    if (status.ok()) status = db_->Write(options, &batch);
    return status.ok() ? Result<void>{} : error_of(status, directory_);
  }

  Result<std::vector<std::uint64_t>> positions() override {
    const auto text = read(positions_key);
    if (!text) return text.error();
    std::vector<std::uint64_t> out;
    std::string_view rest = *text ? std::string_view{**text} : std::string_view{};
    for (; rest.size() >= sizeof(std::uint64_t); rest.remove_prefix(sizeof(std::uint64_t))) {
      out.push_back(keys::read_big_endian(rest.substr(0, sizeof(std::uint64_t))));
    }
    return out;
  }

 private:
  Result<std::optional<std::string>> read(std::string_view key) {
    std::string value;
    const rocksdb::Status status = db_->Get({}, slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok()) return error_of(status, directory_);
    return std::optional<std::string>{std::move(value)};
  }

  std::unique_ptr<rocksdb::DB> db_;
  const std::string directory_;
  std::string key_;  // scratch
};

}  // namespace

Result<std::unique_ptr<ports::FeedTable>> open_feed_table(const std::string& directory,
                                                          std::size_t memory_bytes) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return Error{Errc::output_unwritable, "state", directory + ": " + failed.message()};
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(options_for(memory_bytes), directory, &opened);
  if (!status.ok()) return error_of(status, directory);
  return std::unique_ptr<ports::FeedTable>{
      std::make_unique<RocksFeedTable>(std::unique_ptr<rocksdb::DB>{opened}, directory)};
}

}  // namespace fealty::state
