#include "stored_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "exit_code.hpp"

namespace fealty::cli {
namespace {

constexpr std::size_t load_at_once = 1024;

bool known(const member::Record& record) {
  member::Record fresh;
  fresh.id = record.id;
  return record != fresh;
}

}  // namespace

Result<StoredState> StoredState::open(const std::string& directory) {
  StoredState out;
  const auto numbers = state::RocksStore::partitions(directory);
  if (numbers.empty()) {
    return Error{Errc::usage, "--state", "there is no state in '" + directory + "'"};
  }
  state::RocksOptions options;
  options.block_cache_bytes = std::size_t{32} << 20;
  out.shared_ = std::make_unique<state::RocksShared>(options);
  for (const std::uint32_t number : numbers) {
    auto store = state::RocksStore::open(directory, number, *out.shared_, state::Access::read_only);
    if (!store) return store.error();
    auto checkpoint = (*store)->checkpoint();
    if (!checkpoint) return checkpoint.error();
    out.partitions_.push_back(
        {number, std::move(*store), checkpoint->value_or(ports::Checkpoint{})});
  }
  return out;
}

Result<std::optional<StoredState::Found>> StoredState::find(std::string_view id) {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    Found found{i, {}};
    member::Record* const target = &found.record;
    if (auto loaded = partitions_[i].store->load({&id, 1}, {&target, 1}); !loaded) {
      return loaded.error();
    }
    if (known(found.record)) return std::optional{std::move(found)};
  }
  return std::optional<Found>{};
}

Result<void> StoredState::history(const Found& found,
                                  const std::function<void(const member::LedgerEntry&)>& visit) {
  return partitions_[found.partition].store->history(found.record.id, visit);
}

Result<void> StoredState::scan(const std::function<Result<void>(const Found&)>& visit) {
  if (partitions_.size() == 1) {
    return partitions_[0].store->scan([&](const member::Record& record) {
      return visit({0, record});
    });
  }
  // Partitions are sorted each by itself. Ids are small: gather and sort them, then load in
  // portions.
  std::vector<std::pair<std::string, std::size_t>> ids;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    auto scanned = partitions_[i].store->scan([&](const member::Record& record) {
      ids.emplace_back(record.id, i);
      return Result<void>{};
    });
    if (!scanned) return scanned;
  }
  std::sort(ids.begin(), ids.end());
  for (std::size_t from = 0; from < ids.size(); from += load_at_once) {
    const std::size_t count = std::min(load_at_once, ids.size() - from);
    std::vector<Found> portion(count);
    for (std::size_t p = 0; p < partitions_.size(); ++p) {
      std::vector<std::string_view> wanted;
      std::vector<member::Record*> targets;
      for (std::size_t i = 0; i < count; ++i) {
        if (ids[from + i].second != p) continue;
        portion[i].partition = p;
        wanted.emplace_back(ids[from + i].first);
        targets.push_back(&portion[i].record);
      }
      if (wanted.empty()) continue;
      if (auto loaded = partitions_[p].store->load(wanted, targets); !loaded) return loaded;
    }
    for (const Found& found : portion) {
      if (auto visited = visit(found); !visited) return visited;
    }
  }
  return {};
}

EventTime StoredState::clock(const Found& found) const {
  return std::max(partitions_[found.partition].checkpoint.clock.now, found.record.last_time);
}

std::string StoredState::standing(std::size_t partition) const {
  const Partition& p = partitions_[partition];
  const ports::Checkpoint& at = p.checkpoint;
  if (at.recover_from == at.committed) {
    return fmt::format("partition {} as of input position {} (everything is saved)", p.number,
                       at.committed);
  }
  return fmt::format(
      "partition {} as of input position {} at least; changes up to {} are committed but may not "
      "be "
      "saved yet: the service runs, or was not stopped cleanly",
      p.number, at.recover_from, at.committed);
}

int unknown_member(std::string_view id) {
  fmt::print(stderr, "fealty: no member '{}' in this state: check the id\n", id);
  return exit_failure;
}

}  // namespace fealty::cli
