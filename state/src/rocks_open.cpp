#include "src/rocks_open.hpp"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "src/catalogue.hpp"
#include "src/directory.hpp"
#include "src/no_log.hpp"

namespace fealty::state {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20U;

rocksdb::CompressionType compression() {
  const auto known = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(known.begin(), known.end(), rocksdb::kLZ4Compression) != known.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

/// Reads are MultiGets of whole keys, mostly of members that are not there or in the block cache:
/// whole-key filters in the tables and in memory, in the block cache's high-priority part so that
/// memory stays bounded.
rocksdb::BlockBasedTableOptions table_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
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

/// History is read in ranges: no filter would help.
rocksdb::ColumnFamilyOptions history_options(const rocksdb::Options& state,
                                             rocksdb::BlockBasedTableOptions table) {
  table.filter_policy.reset();
  table.block_size = std::size_t{16} * 1024;
  rocksdb::ColumnFamilyOptions options{state};
  options.memtable_prefix_bloom_size_ratio = 0;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

/// Writes come in large batches of ascending keys, nearly all from one thread.
rocksdb::Options db_options(const RocksOptions& ours, const RocksOpened& memory,
                            std::size_t key_groups) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  // As a rule the log ends where it cannot be read on: a kill tears its end, and the state is then
  // an older one.
  options.wal_recovery_mode = ours.whole_log
                                  ? rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords
                                  : rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.create_missing_column_families = true;
  // The log, where there is one, keeps the families as of one commit.
  options.atomic_flush = !ours.write_ahead_log;
  options.write_buffer_manager = memory.write_buffers;
  // One is written to while the other is flushed; RocksWrite holds them to the bound.
  options.write_buffer_size = std::max(ours.write_buffer_bytes / 2, mib);
  options.max_write_buffer_number = 4;
  options.arena_block_size = std::clamp(options.write_buffer_size / 32, mib / 16, mib);
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(key_groups));
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.memtable_whole_key_filtering = true;
  options.max_background_jobs = ours.background_jobs;
  // Each of the dozen inputs of a compaction has a buffer of this size.
  options.compaction_readahead_size = std::clamp(ours.write_buffer_bytes / 32, mib / 8, 2 * mib);
  options.compression = compression();
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = level0_files;
  // What a filling leaves behind holds nobody up.
  options.level0_slowdown_writes_trigger = 2 * level0_files_filling;
  options.level0_stop_writes_trigger = 4 * level0_files_filling;
  options.max_bytes_for_level_base = 512 * mib;
  options.bytes_per_sync = mib;
  options.max_open_files = 512;  // of 64 MiB most of them; half of what a process usually may
  options.info_log = std::make_shared<NoLog>();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(memory.cache)));
  return options;
}

}  // namespace

Result<RocksOpened> open_rocks(const std::string& directory, const RocksOptions& options,
                               Access access, std::size_t key_groups) {
  RocksOpened out;
  out.cache = rocksdb::NewLRUCache(options.block_cache_bytes, /*num_shard_bits=*/4,
                                   /*strict_capacity_limit=*/false, /*high_pri_pool_ratio=*/0.3);
  out.write_buffers = std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
  rocksdb::Options theirs = db_options(options, out, key_groups);
  const bool writes = access == Access::read_write;
  if (auto whole = check_catalogue(directory); !whole) return whole.error();
  const auto watch = std::make_shared<CatalogueWatch>(directory);
  if (writes) theirs.listeners.push_back(watch);
  // Tables are written once and read through our own block cache: the page cache is for others.
  theirs.use_direct_io_for_flush_and_compaction = writes && has_direct_io(directory);
  const std::vector<rocksdb::ColumnFamilyDescriptor> wanted{
      {rocksdb::kDefaultColumnFamilyName, theirs},
      {std::string{history_family_name}, history_options(theirs, table_options(out.cache))}};
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status =
      writes ? rocksdb::DB::Open(theirs, directory, wanted, &handles, &opened)
             : rocksdb::DB::OpenForReadOnly(theirs, directory, wanted, &handles, &opened);
  if (!status.ok()) {
    return writes ? error_of(status, directory) : error_of_reader(status, directory);
  }
  if (writes) {
    watch->note();
    remove_table_files(directory);
  }
  out.map = std::make_unique<RocksMap>(std::unique_ptr<rocksdb::DB>{opened}, std::move(handles),
                                       directory, out.write_buffers, options, access);
  return out;
}

}  // namespace fealty::state
