#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "fealty/state/memory_store.hpp"
#include "fealty/topologies/members.hpp"
#include "seen.hpp"
#include "sim_bus.hpp"

namespace fealty::simulation {

/// The disk of one partition: outlives the process, may be cut or lost.
using Disks = std::map<std::uint32_t, std::shared_ptr<state::MemoryStore>>;

/// A MemberStore over a disk that fails where told to.
class FaultyStore final : public ports::MemberStore {
 public:
  /// `largest_save`: raised to the bytes of the versions of each save that is larger; may be
  /// nullptr.
  FaultyStore(std::shared_ptr<state::MemoryStore> disk, Faults& faults, std::size_t* largest_save)
      : disk_{std::move(disk)}, faults_{faults}, largest_save_{largest_save} {}

  Result<std::optional<ports::Checkpoint>> checkpoint() override { return disk_->checkpoint(); }
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override {
    if (faults_.now(Step::store_load)) throw Crash{};
    return disk_->load(members, out);
  }
  Result<void> find_rows(std::string_view member,
                         std::span<member::FoundRow* const> rows) override {
    if (faults_.now(Step::store_find_rows)) throw Crash{};
    return disk_->find_rows(member, rows);
  }
  void encode(const member::LedgerEntry& entry, std::string& out) override {
    disk_->encode(entry, out);
  }
  void encode(const member::RowChange& change, const member::Effects& effects,
              std::string& out) override {
    disk_->encode(change, effects, out);
  }
  void encode(const member::RowKey& key, std::string& out) override { disk_->encode(key, out); }
  Result<void> decode(std::string_view value, member::FoundRow& row) override {
    return disk_->decode(value, row);
  }
  void encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
              ports::SavedBatch& batch) override {
    disk_->encode(items, as_of, batch);
  }
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override {
    disk_->encode(checkpoint, batch);
  }
  Result<void> save(ports::SavedBatch& batch) {
    if (largest_save_ != nullptr) *largest_save_ = std::max(*largest_save_, versions_bytes(batch));
    return disk_->save(batch);
  }
  Result<void> restore(std::string_view key, std::string_view value,
                       std::uint64_t position) override {
    return disk_->restore(key, value, position);
  }
  Result<void> restored(std::uint64_t position) override { return disk_->restored(position); }
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override {
    return disk_->due(after, until, limit, out);
  }
  Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit) override {
    return disk_->scan(visit);
  }
  Result<void> page(std::string_view after, std::size_t limit,
                    std::vector<member::Record>& out) override {
    return disk_->page(after, limit, out);
  }
  Result<void> history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                       const std::function<void(const member::LedgerEntry&)>& visit) override {
    return disk_->history(member, from_seq, limit, visit);
  }
  bool empty() override { return disk_->empty(); }
  std::uint64_t disk_bytes() override { return 0; }

 private:
  static std::size_t versions_bytes(const ports::SavedBatch& batch) {
    std::size_t bytes = 0;
    for (const auto& item : batch.items) {
      if (batch.key(item)[0] != 'c') bytes += item.key_size + item.value_size;
    }
    return bytes;
  }
  std::shared_ptr<state::MemoryStore> disk_;
  Faults& faults_;
  std::size_t* largest_save_;
};

/// The stores over the disks of a process: a commit is saved in all of them or in none.
class FaultyStores final : public ports::MemberStores {
 public:
  FaultyStores(Disks& disks, Faults& faults, std::size_t* largest_save)
      : disks_{disks}, faults_{faults}, largest_save_{largest_save} {}
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override {
    auto& disk = disks_[partition];
    if (!disk) disk = std::make_shared<state::MemoryStore>();
    return std::unique_ptr<ports::MemberStore>{
        std::make_unique<FaultyStore>(disk, faults_, largest_save_)};
  }
  Result<void> save(std::span<const Save> saves) override {
    if (faults_.now(Step::store_save)) throw Crash{};
    for (const Save& save : saves) {
      if (auto kept = static_cast<FaultyStore&>(*save.store).save(*save.batch); !kept) return kept;
    }
    if (faults_.now(Step::store_saved)) throw Crash{};
    return {};
  }

 private:
  Disks& disks_;
  Faults& faults_;
  std::size_t* largest_save_;
};

/// A cache with room for `bytes` of members beside what is held in any case: a segment of what is
/// not saved, the index, and one of unsaved rows for each of a few partitions.
constexpr std::size_t tight_cache(std::size_t bytes) {
  return (std::size_t{2} << 20U) + std::size_t{44'000} + bytes;
}

struct RunOptions {
  std::size_t batch_records = 7;
  std::uint64_t commit_events = 25;
  std::uint64_t checkpoint_distance = 60;
  std::size_t cache_bytes = std::size_t{64} << 20U;  // see tight_cache()
  std::uint32_t file_partitions = 0;  // 0 = a bus with a changelog; else a recorded log
  std::uint32_t sink_steps_max = 0;  // what goes to the sink gets there up to so many batches later
  std::uint64_t sink_seed = 1;
  std::size_t save_bytes_max = runtime::FlushPolicy{}.bytes_max;
  std::size_t* largest_save = nullptr;  // out: bytes
  std::uint64_t* evicted = nullptr;     // out, added to: members
  std::size_t turn_members = runtime::MembersOptions{}.turn_members;
  bool sink_thread = false;  // the sink on a thread of its own, as in production: without faults
  std::vector<Rebalance> rebalances{};
};

/// One life of the process: until the input ends (true) or it dies (false).
inline bool live_once(const runtime::Topology& topology, SimLog& log, Disks& disks, Faults& faults,
                      const RunOptions& run) {
  SimBus bus{log, faults, run.file_partitions, run.rebalances};
  runtime::MembersOptions members;
  members.flush.distance_events = run.checkpoint_distance;
  members.flush.bytes_max = run.save_bytes_max;
  members.changelog = run.file_partitions == 0;
  members.program_id = "sim";
  members.cache_bytes = run.cache_bytes;
  members.file_partitions = run.file_partitions;
  members.turn_members = run.turn_members;
  runtime::CommitLoopOptions loop;
  loop.input.records_max = run.batch_records;
  loop.commit.events_max = run.commit_events;
  std::mt19937_64 random{run.sink_seed};
  if (!run.sink_thread) {
    loop.pipeline.steps_behind = [&] {
      return static_cast<std::uint32_t>(random() % (run.sink_steps_max + 1));
    };
  }
  FaultyStores stores{disks, faults, run.largest_save};
  runtime::Members processor{topology, bus, run.file_partitions == 0 ? &bus : nullptr, stores,
                             members};
  runtime::CommitLoop worker{bus, topology.decoder, processor, bus, loop};
  const std::atomic<bool> stop{false};
  try {
    const auto done = worker.run(stop);
    check(done.has_value(), done ? "" : to_string(done.error()).c_str());
    if (run.evicted != nullptr) *run.evicted += processor.cache().evictions();
    return true;
  } catch (const Crash&) {
    return false;
  }
}

inline Seen seen(const runtime::Topology& topology, const SimLog& log, Disks& disks,
                 EventTime clock) {
  Seen all;
  const auto gather = [&](ports::Stream stream, auto& by_member) {
    const auto at = log.outputs.find(stream);
    if (at == log.outputs.end()) return;
    for (const auto& [key, value] : at->second) by_member[key].push_back(value);
  };
  gather(topologies::streams::notices, all.notices);
  gather(topologies::streams::ledger, all.ledger);
  if (const auto at = log.outputs.find(topologies::streams::deadletters); at != log.outputs.end()) {
    for (const auto& [key, value] : at->second) all.deadletters.push_back(value);
  }
  std::sort(all.deadletters.begin(), all.deadletters.end());
  for (auto& [partition, disk] : disks) {
    const auto scanned = disk->scan([&](const member::Record& record) -> Result<void> {
      std::string line;
      topology.outputs.members.encode(record, clock, line);
      all.members.push_back(std::move(line));
      return {};
    });
    check(scanned.has_value(), "a simulated disk can be read");
  }
  std::sort(all.members.begin(), all.members.end());
  return all;
}

}  // namespace fealty::simulation
