#include "open_store.hpp"

#include <algorithm>
#include <utility>

#include "fealty/state/async_store.hpp"
#include "fealty/state/memory_store.hpp"

namespace fealty::cli {

StateFactory::StateFactory(StateOptions options) : options_{std::move(options)} {
  if (options_.dir.empty()) return;
  state::RocksOptions rocks;
  rocks.write_ahead_log = options_.wal;
  rocks.block_cache_bytes = std::min(rocks.block_cache_bytes, options_.memory.block_cache());
  rocks.write_buffer_bytes = std::min(rocks.write_buffer_bytes, options_.memory.write_buffers());
  shared_ = std::make_shared<state::RocksShared>(rocks);
}

Result<void> StateFactory::save(std::span<const Save> saves) {
  for (const Save& save : saves) {
    if (auto kept = save.store->save(*save.batch); !kept) return kept;
  }
  return {};
}

Result<std::unique_ptr<ports::MemberStore>> StateFactory::open(std::uint32_t partition) {
  if (options_.dir.empty()) {
    return std::unique_ptr<ports::MemberStore>{std::make_unique<state::MemoryStore>()};
  }
  auto opened = state::RocksStore::open(options_.dir, partition, *shared_);
  if (!opened) return opened.error();
  std::unique_ptr<ports::MemberStore> store = std::move(*opened);
  if (options_.async) store = std::make_unique<state::AsyncStore>(std::move(store));
  return store;
}

}  // namespace fealty::cli
