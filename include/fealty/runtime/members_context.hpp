#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fealty/ports/input.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/history_log.hpp"
#include "fealty/runtime/key_check.hpp"
#include "fealty/runtime/machine_clock.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/publish_queue.hpp"
#include "fealty/runtime/save_queue.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::runtime {

/// None of these can change an outcome, but for clock_jump_max and future_ms_max, which come from
/// the program.
struct MembersOptions {
  FlushPolicy flush;
  /// Decoded members and what they have not saved, all partitions together.
  std::size_t cache_bytes = std::size_t{512} << 20U;
  std::uint32_t file_partitions = 1;  // of a source without partitions
  /// Threads that apply records side by side, over the partitions of a source with one clock.
  std::size_t lanes = 1;
  std::size_t turn_members = 1024;  // of a turn of the clock worked off between two batches
  std::chrono::milliseconds tick_after_idle{0};  // live: an idle partition's clock; 0 = never
  std::chrono::days clock_jump_max{400};
  std::int64_t future_ms_max = 0;  // event time ahead of the broker's; 0 = not checked
  KeyPolicy key_policy = KeyPolicy::ignore;
  std::uint32_t input_partitions = 1;  // all there are: for the key policy
  bool changelog = false;              // saved versions go to the changelog stream too
  PublishPolicy publish_within;        // JSON snapshots of changed members to the members stream
  std::chrono::milliseconds recovery_target{0};  // bounds flush.distance_events; see RecoveryPace
  std::string program_id;
  std::vector<ports::Generation> generations;  // of the program, ascending; see Members::adopt()
  MachineClock clock;
};

/// What the partitions of a lane share. Borrowed but for the applier; outlives them.
struct MembersContext {
  const Topology& topology;
  const MembersOptions& options;
  const FlushPolicy& flush;  // options.flush, within the recovery target
  ports::Source& source;     // for describe() alone
  MemberCache& cache;
  HistoryLog& log;
  const std::vector<ports::Generation>& generations;
  std::unique_ptr<EventApplier> applier;
};

}  // namespace fealty::runtime
