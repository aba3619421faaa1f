#include "fealty/state/rocks_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "src/directory.hpp"
#include "src/rocks_map.hpp"

namespace fealty::state {

namespace fs = std::filesystem;

struct RocksShared::Impl {
  RocksOptions options;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};

RocksShared::RocksShared(const RocksOptions& options) : impl_{std::make_unique<Impl>()} {
  impl_->options = options;
  impl_->cache = rocksdb::NewLRUCache(options.block_cache_bytes, /*num_shard_bits=*/4,
                                      /*strict_capacity_limit=*/false, /*high_pri_pool_ratio=*/0.3);
  impl_->write_buffers = std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
}
RocksShared::~RocksShared() = default;

std::size_t RocksShared::bytes_used() const {
  return impl_->cache->GetUsage() + impl_->write_buffers->memory_usage();
}

namespace {

rocksdb::CompressionType compression() {
  const auto known = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(known.begin(), known.end(), rocksdb::kLZ4Compression) != known.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

/// Reads are MultiGets of whole keys, mostly of members that are not there or in the block cache:
/// whole-key filters in the tables and in memory, in the block cache's high-priority part so that
/// memory stays bounded.
rocksdb::BlockBasedTableOptions table_options(const RocksShared::Impl& shared) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = shared.cache;
  table.block_size = std::size_t{8} * 1024;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  table.optimize_filters_for_memory = true;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  return table;
}

/// RocksDB's own text log is dropped: on a full disk this release of it would end the process over
/// a line that it cannot write. What matters reaches us as a status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

/// Writes come from one thread, in large batches of ascending keys.
rocksdb::Options db_options(const RocksShared::Impl& shared) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.write_buffer_manager = shared.write_buffers;
  options.write_buffer_size =
      std::max<std::size_t>(shared.options.write_buffer_bytes / 2, 1U << 20U);
  options.max_write_buffer_number = 4;
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  options.max_background_jobs = shared.options.background_jobs;
  options.compression = compression();
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = 12;
  options.max_bytes_for_level_base = std::uint64_t{512} * 1024 * 1024;
  options.bytes_per_sync = std::uint64_t{1} * 1024 * 1024;
  options.max_open_files = 256;
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(shared)));
  return options;
}

std::string directory_name(std::uint32_t partition) {
  char name[16];
  std::snprintf(name, sizeof name, "p%04u", partition);
  return name;
}

}  // namespace

Result<std::unique_ptr<RocksStore>> RocksStore::open(const std::string& state_directory,
                                                     std::uint32_t partition,
                                                     const RocksShared& shared, Access access) {
  const std::string directory = (fs::path{state_directory} / directory_name(partition)).string();
  const bool writes = access == Access::read_write;
  if (auto prepared = prepare_directory(directory, writes); !prepared) return prepared.error();
  rocksdb::Options options = db_options(shared.impl());
  // Tables are written once and read through our own block cache: the page cache is for others.
  options.use_direct_io_for_flush_and_compaction = writes && has_direct_io(directory);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = writes ? rocksdb::DB::Open(options, directory, &opened)
                                        : rocksdb::DB::OpenForReadOnly(options, directory, &opened);
  if (!status.ok()) return error_of(status, directory);
  auto map = std::make_unique<RocksMap>(std::unique_ptr<rocksdb::DB>{opened}, directory,
                                        shared.impl().options.write_ahead_log);
  return std::unique_ptr<RocksStore>{new RocksStore{std::move(map)}};
}

std::vector<std::uint32_t> RocksStore::partitions(const std::string& state_directory) {
  std::vector<std::uint32_t> found;
  std::error_code failed;
  for (fs::directory_iterator at{state_directory, failed}, end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::uint32_t partition = 0;
    if (!name.starts_with('p')) continue;
    std::from_chars(name.data() + 1, name.data() + name.size(), partition);
    if (directory_name(partition) == name) found.push_back(partition);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace fealty::state
