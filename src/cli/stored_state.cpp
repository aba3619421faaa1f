#include "stored_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <limits>
#include <utility>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/state/in_use.hpp"
#include "members_file.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {
namespace {

bool known(const member::Record& record) {
  member::Record fresh;
  fresh.id = record.id;
  return record != fresh;
}

/// The entries of a member, oldest first. Those that its record counts, or none of it is shown for
/// the truth.
Result<void> read_ledger(ports::MemberStore& store, const std::string& directory,
                         const member::Record& record,
                         const std::function<void(const member::LedgerEntry&)>& visit) {
  std::uint64_t last = 0;
  bool gap = false;
  const auto read = store.history(record.id, 0, std::numeric_limits<std::size_t>::max(),
                                  [&](const member::LedgerEntry& entry) {
                                    gap = gap || entry.seq != last + 1;
                                    last = entry.seq;
                                    visit(entry);
                                  });
  if (!read) return read;
  if (!gap && last == record.ledger_seq) return {};
  return Error{Errc::store_corrupt, "state",
               fmt::format("{}: the ledger of member {} {}, its record counts {} entries",
                           directory, record.id,
                           gap ? std::string{"has gaps"} : fmt::format("ends with entry {}", last),
                           record.ledger_seq)};
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
  out.directory_ = directory;
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
  return read_ledger(*partitions_[found.partition].store, directory_, found.record, visit);
}

Result<void> StoredState::scan(const std::function<Result<void>(const member::Record&)>& visit) {
  std::vector<ports::MemberStore*> stores;
  for (const Partition& partition : partitions_) stores.push_back(partition.store.get());
  return visit_members(stores, visit);
}

Result<void> StoredState::ledger(
    const std::function<Result<void>(std::string_view member, const member::LedgerEntry&)>& visit) {
  constexpr std::size_t page_members = 1024;
  std::vector<member::Record> page;
  for (const Partition& partition : partitions_) {
    std::string after;
    do {
      if (auto got = partition.store->page(after, page_members, page); !got) return got.error();
      for (const member::Record& record : page) {
        Result<void> visited;
        const auto read =
            partition.store->history(record.id, 0, std::numeric_limits<std::size_t>::max(),
                                     [&](const member::LedgerEntry& entry) {
                                       if (visited) visited = visit(record.id, entry);
                                     });
        if (!read) return read;
        if (!visited) return visited;
      }
      if (!page.empty()) after = page.back().id;
    } while (!page.empty());
  }
  return {};
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

std::map<std::uint32_t, std::uint64_t> StoredState::recover_from() const {
  std::map<std::uint32_t, std::uint64_t> out;
  for (const Partition& partition : partitions_) {
    out[partition.number] = partition.checkpoint.recover_from;
  }
  return out;
}

bool StoredState::used() const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [](const Partition& one) { return one.checkpoint.committed > 0; });
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
    say("fealty: no member '{}' in this state: check the id\n", printable(id));
  } else {
    say("fealty: no member '{}' in this state as of {}{}. A directory is saved behind the "
        "log: what came later is known to the running worker; ask it by --socket, or stop "
        "it and ask again\n",
        printable(id), places.empty() ? "now, nothing being saved yet" : "partition ", places);
  }
  return exit_failure;
}

}  // namespace fealty::cli
