#include "stored_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <limits>
#include <utility>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "members_file.hpp"

namespace fealty::cli {
namespace {

bool known(const member::Record& record) {
  member::Record fresh;
  fresh.id = record.id;
  return record != fresh;
}

}  // namespace

Result<StoredState> StoredState::open(const std::string& directory) {
  StoredState out;
  out.directory_ = directory;
  state::RocksOptions options;
  options.block_cache_bytes = std::size_t{32} << 20;
  auto opened = state::RocksStores::open_in(directory, options, state::Access::read_only);
  if (!opened && opened.error().code == Errc::input_unreadable) {
    return Error{Errc::usage, "--state", "there is no state in '" + directory + "'"};
  }
  if (!opened) return opened.error();
  out.stores_ = std::move(*opened);
  const auto numbers = out.stores_->partitions();
  if (!numbers) return numbers.error();
  for (const std::uint32_t number : *numbers) {
    auto store = out.stores_->open(number);
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
  return partitions_[found.partition].store->history(
      found.record.id, 0, std::numeric_limits<std::size_t>::max(), visit);
}

Result<void> StoredState::scan(const std::function<Result<void>(const member::Record&)>& visit) {
  std::vector<ports::MemberStore*> stores;
  for (const Partition& partition : partitions_) stores.push_back(partition.store.get());
  return visit_members(stores, visit);
}

EventTime StoredState::clock(const member::Record& record) const {
  EventTime latest = record.last_time;
  for (const Partition& partition : partitions_) {
    latest = std::max(latest, partition.checkpoint.clock.now);
  }
  return latest;
}

Result<void> StoredState::belongs_to(const program::Series& series) const {
  for (const Partition& partition : partitions_) {
    const ports::Checkpoint& at = partition.checkpoint;
    for (const ports::Generation& adopted : at.generations) {
      const program::Program* const given = series.of_version(adopted.version);
      if (given != nullptr && given->fingerprint == adopted.fingerprint) continue;
      return Error{Errc::wrong_program, "--program",
                   fmt::format("the state goes by program '{}' version {}, which is not what was "
                               "given: '{}' version {}",
                               at.program_id, adopted.version, series.first().id,
                               given == nullptr ? series.newest().version : given->version)};
    }
  }
  return {};
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

int StoredState::unknown_member(std::string_view id) const {
  std::string places;
  bool whole = true;
  for (const Partition& partition : partitions_) {
    const ports::Checkpoint& at = partition.checkpoint;
    fmt::format_to(std::back_inserter(places), "{}{} at input position {}",
                   places.empty() ? "" : ", ", partition.number, at.recover_from);
    whole = whole && at.recover_from == at.committed;
  }
  if (whole && !state::in_use(directory_)) {
    fmt::print(stderr, "fealty: no member '{}' in this state: check the id\n", printable(id));
  } else {
    fmt::print(stderr,
               "fealty: no member '{}' in this state as of {}{}. A directory is saved behind the "
               "log: what came later is known to the running worker; ask it by --socket, or stop "
               "it and ask again\n",
               printable(id), places.empty() ? "now, nothing being saved yet" : "partition ",
               places);
  }
  return exit_failure;
}

}  // namespace fealty::cli
