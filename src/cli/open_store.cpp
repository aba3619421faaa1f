#include "open_store.hpp"

#include <algorithm>
#include <utility>

#include "fealty/state/async_stores.hpp"
#include "fealty/state/memory_store.hpp"
#include "fealty/state/rocks_stores.hpp"

namespace fealty::cli {

Result<std::unique_ptr<ports::MemberStores>> open_stores(const StateOptions& options) {
  if (options.dir.empty()) {
    return std::unique_ptr<ports::MemberStores>{std::make_unique<state::MemoryStores>()};
  }
  state::RocksOptions rocks;
  rocks.write_ahead_log = options.wal;
  rocks.gather = options.gather;
  rocks.block_cache_bytes = std::min(rocks.block_cache_bytes, options.memory.block_cache());
  rocks.write_buffer_bytes = std::min(rocks.write_buffer_bytes, options.memory.write_buffers());
  rocks.restore_bytes = options.memory.restored();
  auto opened = state::RocksStores::open_in(options.dir, rocks);
  if (!opened) return opened.error();
  if (!options.background) return std::unique_ptr<ports::MemberStores>{std::move(*opened)};
  return std::unique_ptr<ports::MemberStores>{
      std::make_unique<state::AsyncStores>(std::move(*opened), options.memory.workers() + 1)};
}

}  // namespace fealty::cli
