#include "fealty/state/rocks_stores.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "src/directory.hpp"
#include "src/keys.hpp"
#include "src/partition_store.hpp"
#include "src/rocks_open.hpp"
#include "src/sorted_writes.hpp"
#include "src/upgrade.hpp"

namespace fealty::state {
namespace {

struct Part {
  std::uint32_t partition = 0;
  const ports::SavedBatch* batch = nullptr;
};

}  // namespace

struct RocksStores::Impl {
  RocksOpened rocks;
  std::shared_ptr<RestoreMemory> restoring;
  // Scratch of one save.
  std::vector<Part> parts;
  SortedWrites sorted;
};

RocksStores::RocksStores(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
RocksStores::~RocksStores() = default;

Result<std::unique_ptr<RocksStores>> RocksStores::open_in(const std::string& directory,
                                                          const RocksOptions& options,
                                                          Access access) {
  const auto format = prepare_directory(directory, access == Access::read_write);
  if (!format) return format.error();
  auto opened = open_rocks(directory, options, access, keys::partition_bytes + 1);
  if (!opened) return opened.error();
  if (auto upgraded = upgrade(directory, *format, *opened->map); !upgraded) return upgraded.error();
  auto impl = std::make_unique<Impl>();
  impl->rocks = std::move(*opened);
  impl->restoring = std::make_shared<RestoreMemory>(options.restore_bytes);
  return std::unique_ptr<RocksStores>{new RocksStores{std::move(impl)}};
}

Result<std::unique_ptr<ports::MemberStore>> RocksStores::open(std::uint32_t partition) {
  return std::unique_ptr<ports::MemberStore>{
      std::make_unique<PartitionStore>(*impl_->rocks.map, partition, impl_->restoring)};
}

Result<void> RocksStores::save(std::span<const Save> saves) {
  std::vector<Part>& parts = impl_->parts;
  parts.clear();
  std::size_t changes = 0, bytes = 0;
  for (const Save& save : saves) {
    parts.push_back({static_cast<const PartitionStore&>(*save.store).partition, save.batch});
    changes += save.batch->items.size() + 1;
    bytes += save.batch->bytes();
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.partition < b.partition; });
  const auto twice =
      std::adjacent_find(parts.begin(), parts.end(),
                         [](const Part& a, const Part& b) { return a.partition == b.partition; });
  check(twice == parts.end(), "a commit has one batch a partition");
  RocksCommit commit{*impl_->rocks.map, changes, bytes};
  for (const Part& part : parts) {
    const auto added = commit.add(partition_prefix(part.partition), impl_->sorted.of(*part.batch));
    if (!added) return added;
  }
  return commit.finish();
}

Result<void> RocksStores::settle() { return impl_->rocks.map->settle(); }

Result<std::vector<std::uint32_t>> RocksStores::partitions() {
  return partitions_in(*impl_->rocks.map);
}

std::size_t RocksStores::bytes_used() const {
  return impl_->rocks.cache->GetUsage() + impl_->rocks.write_buffers->memory_usage() +
         impl_->rocks.map->memory();
}

}  // namespace fealty::state
