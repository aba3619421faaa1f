#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/write_buffer_manager.h>

#include <memory>
#include <string>
#include <string_view>

#include "fealty/state/rocks_stores.hpp"
#include "src/rocks_map.hpp"

namespace fealty::state {

/// An open RocksDB with the memory that it draws on.
struct RocksOpened {
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
  std::unique_ptr<RocksMap> map;
};

inline constexpr std::string_view history_family_name = "history";

/// `key_groups`: the number of bytes by which a key tells its partition and table. Precondition:
/// prepare_directory(). Errors: as RocksStores::open_in().
Result<RocksOpened> open_rocks(const std::string& directory, const RocksOptions& options,
                               Access access, std::size_t key_groups);

}  // namespace fealty::state
