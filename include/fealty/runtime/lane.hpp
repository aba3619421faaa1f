#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/decoded_input.hpp"
#include "fealty/runtime/history_log.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/member_partition.hpp"
#include "fealty/runtime/members_context.hpp"
#include "fealty/runtime/turn.hpp"

namespace fealty::runtime {

struct Lane;

/// A partition, once it is ready, whose time it goes by and with whom it lies.
struct Held {
  MemberPartition* partition = nullptr;
  TimelineGroup* group = nullptr;
  Lane* lane = nullptr;
};

/// A record on its way to its member.
struct Found {
  DecodedRecord* record = nullptr;
  Held held{};
  std::uint64_t key = 0;  // MemberCache::key_of; where the record is decoded
  Slot slot = no_slot;
  std::uint32_t bytes_read = 0;  // of the member, by an event of this type
  bool inserted = false;         // and not yet loaded
  bool untimely = false;         // refused for its time
};

/// Some partitions of a worker and what they share: whoever works on one works on all of them.
/// Lanes have nothing in common that changes while records of a stretch are applied: see
/// Members::apply_stretch().
///
/// Threads: one at a time.
struct Lane {
  /// For the rest see MembersContext, whose cache and log are the lane's own.
  Lane(std::size_t cache_bytes, const Topology& topology, const MembersOptions& options,
       const FlushPolicy& flush, ports::Source& source,
       const std::vector<ports::Generation>& generations);

  MemberCache cache;
  HistoryLog log;  // what of them is not saved
  const MembersContext context;

  /// Its records of the stretch at hand, in their order, and what comes of them.
  struct Stretch {
    std::vector<Found> run;
    ports::OutputBuffer out;
    std::vector<std::size_t> ends;    // of each record's outputs among the items of `out`
    std::optional<EventTime> latest;  // of those accepted
    Result<void> outcome{};
    void clear();
  };
  Stretch stretch;
};

/// Finds the members of a run, or makes them, so that memory and store are waited for together.
Result<void> find_members(std::span<Found> run);
/// Makes ready what will be read of a record some places behind this one, and of its member.
void prefetch_ahead(std::span<const DecodedRecord> run, std::size_t at);
void prefetch_ahead(std::span<const Found> run, std::size_t at);

/// Applies the records of the lane's stretch. The timeline stands still meanwhile, and is read
/// only.
void apply_stretch(Lane& lane);

}  // namespace fealty::runtime
