#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "disk.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "fealty/state/encoded_store.hpp"
#include "fealty/topologies/members.hpp"
#include "seen.hpp"
#include "sim_bus.hpp"

namespace fealty::simulation {

/// A store on a disk that fails where told to.
class FaultyStore final : public state::EncodedStore {
 public:
  FaultyStore(Disk& disk, std::uint32_t partition, Faults& faults)
      : EncodedStore{disk_map(disk, partition)}, disk_{disk}, faults_{faults} {}

  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override {
    if (faults_.now(Step::store_load)) throw Crash{};
    return EncodedStore::load(members, out);
  }
  Result<void> find_rows(std::string_view member,
                         std::span<member::FoundRow* const> rows) override {
    if (faults_.now(Step::store_find_rows)) throw Crash{};
    return EncodedStore::find_rows(member, rows);
  }
  Result<void> restored(std::uint64_t position) override {
    auto kept = EncodedStore::restored(position);
    disk_.end_write();
    return kept;
  }

 private:
  Disk& disk_;
  Faults& faults_;
};

/// The stores of a process: a commit is saved in all of them or in none.
class FaultyStores final : public ports::MemberStores {
 public:
  /// `largest_save`: raised to the bytes of the versions of each save that is larger; may be
  /// nullptr.
  FaultyStores(Disk& disk, Faults& faults, std::size_t* largest_save)
      : disk_{disk}, faults_{faults}, largest_save_{largest_save} {}
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override {
    return std::unique_ptr<ports::MemberStore>{
        std::make_unique<FaultyStore>(disk_, partition, faults_)};
  }
  Result<void> save(std::span<const Save> saves) override {
    if (faults_.now(Step::store_save)) throw Crash{};
    disk_.begin_write();
    for (const Save& save : saves) {
      if (largest_save_ != nullptr) {
        *largest_save_ = std::max(*largest_save_, versions_bytes(*save.batch));
      }
      if (auto kept = static_cast<FaultyStore&>(*save.store).save(*save.batch); !kept) return kept;
    }
    disk_.end_write();
    if (faults_.now(Step::store_saved)) throw Crash{};
    return {};
  }

 private:
  static std::size_t versions_bytes(const ports::SavedBatch& batch) {
    std::size_t bytes = 0;
    for (const auto& item : batch.items) {
      if (batch.key(item)[0] != 'c') bytes += item.key_size + item.value_size;
    }
    return bytes;
  }
  Disk& disk_;
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
  std::chrono::milliseconds recovery_target{0};
  std::size_t cache_bytes = std::size_t{64} << 20U;  // see tight_cache()
  std::uint32_t file_partitions = 0;  // 0 = a bus with a changelog; else a recorded log
  std::size_t lanes = 1;              // of a recorded log
  std::uint32_t sink_steps_max = 0;  // what goes to the sink gets there up to so many batches later
  std::uint64_t sink_seed = 1;
  std::size_t save_bytes_max = runtime::FlushPolicy{}.bytes_max;
  std::size_t* largest_save = nullptr;  // out: bytes
  std::uint64_t* evicted = nullptr;     // out, added to: members
  std::size_t turn_members = runtime::MembersOptions{}.turn_members;
  bool sink_thread = false;  // the sink on a thread of its own, as in production: without faults
  std::vector<Rebalance> rebalances{};
  std::function<void(runtime::Members&)> on_step{};
};

/// One life of the process: until the input ends (true) or it dies (false).
inline bool live_once(const runtime::Topology& topology, SimLog& log, Disk& disk, Faults& faults,
                      const RunOptions& run) {
  SimBus bus{log, faults, run.file_partitions, run.rebalances};
  runtime::MembersOptions members;
  members.flush.distance_events = run.checkpoint_distance;
  members.flush.bytes_max = run.save_bytes_max;
  members.recovery_target = run.recovery_target;
  members.changelog = run.file_partitions == 0;
  members.program_id = "sim";
  members.cache_bytes = run.cache_bytes;
  members.file_partitions = run.file_partitions;
  members.lanes = run.lanes;
  members.turn_members = run.turn_members;
  runtime::CommitLoopOptions loop;
  loop.input.records_max = run.batch_records;
  loop.commit.events_max = run.commit_events;
  loop.setbacks.backoff =
      std::chrono::milliseconds{0};  // by this machine's clock: it would be spun away
  std::mt19937_64 random{run.sink_seed};
  if (!run.sink_thread) {
    loop.pipeline.steps_behind = [&] {
      return static_cast<std::uint32_t>(random() % (run.sink_steps_max + 1));
    };
  }
  FaultyStores stores{disk, faults, run.largest_save};
  runtime::Members processor{topology, bus, run.file_partitions == 0 ? &bus : nullptr, stores,
                             members};
  runtime::CommitLoop worker{bus, topology.decoder, processor, bus, loop};
  if (run.on_step) worker.hooks.on_progress = [&] { run.on_step(processor); };
  const std::atomic<bool> stop{false};
  try {
    const auto done = worker.run(stop);
    check(done.has_value(), done ? "" : to_string(done.error()).c_str());
    if (run.evicted != nullptr) *run.evicted += processor.memory().evictions;
    return true;
  } catch (const Crash&) {
    return false;
  }
}

inline Seen seen(const runtime::Topology& topology, const SimLog& log, Disk& disk,
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
  for (const auto& [partition, pairs] : disk.partitions()) {
    const auto scanned =
        read_only(disk, partition)->scan([&](const member::Record& record) -> Result<void> {
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
