#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/arena.hpp"
#include "fealty/base/result.hpp"
#include "fealty/base/time.hpp"
#include "fealty/event/event.hpp"
#include "fealty/event/header.hpp"

namespace fealty::ports {

using event::Offset;

/// Partition of a record whose source has none: the worker derives it from the member.
inline constexpr std::uint32_t unassigned_partition = 0xffffffff;

/// Where a record lay before it was written to a log, and what was decided about it there.
struct Recorded {
  std::string_view topic;
  std::uint32_t partition = 0;
  Offset offset = 0;
  bool refused = false;  // the clock of the machine that read it was behind it
  /// No record at all: here a clock moved to this time while no record came.
  std::optional<EventTime> advance = std::nullopt;
};

/// One record of the input, borrowed from its batch.
struct InputRecord {
  std::uint32_t partition = unassigned_partition;
  Offset offset = 0;
  std::string_view value;  // 64 readable bytes follow it
  std::string_view key{};  // as its producer set it; data() == nullptr: none
  std::span<const event::Header> headers;
  std::int64_t timestamp_ms = -1;  // of the record; -1 = none
  bool null = false;               // its producer gave it no value at all: a deletion of its key
  bool append_time = false;        // that is when the broker appended it; else the producer's word
  bool unterminated = false;       // files: the log ended in the middle of this line
  const Recorded* recorded = nullptr;  // recorded logs: where it comes from
  /// Its place in the log that it was first written to: what is named after its position is named
  /// after this one.
  [[nodiscard]] Offset first_offset() const {
    return recorded == nullptr ? offset : recorded->offset;
  }
};

/// Records of one poll, in order. Reused: clear() keeps the memory.
struct InputBatch {
  std::vector<InputRecord> records;
  Arena arena;               // for sources that copy payloads
  std::vector<char> buffer;  // for sources that read blocks
  void clear() {
    records.clear();
    arena.reset();
  }
};

/// A partition handed to this worker.
struct Assignment {
  std::uint32_t partition = 0;
  Offset committed = 0;  // first offset not yet covered by a commit
  bool fresh = false;    // no commit was ever made: `committed` is where to begin
  std::string note{};    // of that commit: see CommitPosition::note
};

/// Where a partition of a source of several topics lies.
struct InputPlace {
  std::string_view topic;  // lives as long as the source
  std::uint32_t partition = 0;
};

/// Told by the source, from inside poll(), what it owns.
class AssignmentListener {
 public:
  virtual ~AssignmentListener() = default;
  /// New partitions. They deliver nothing before start_at(), which may be called here or later.
  virtual Result<void> on_assigned(std::span<const Assignment> partitions) = 0;
  /// These go. Not `lost`: commit what is applied before returning. `lost`: somebody else has them
  /// already; drop everything.
  virtual Result<void> on_revoked(std::span<const std::uint32_t> partitions, bool lost) = 0;
};

enum class Polled : std::uint8_t {
  records,  // at least one
  idle,     // none within the timeout
  ended,    // no more will ever come (a recorded log, read to its end)
};

/// Where records come from. One thread only.
/// Errors: broker_unreachable, broker_refused, input_unreadable, input_corrupt, input_gap, fenced.
class Source {
 public:
  virtual ~Source() = default;
  /// Opens it; on_assigned() may come from here or from the first poll().
  virtual Result<void> open(AssignmentListener& listener) = 0;
  /// Makes `partition` deliver from `from` on (inclusive). input_gap where the input no longer
  /// holds it.
  virtual Result<void> start_at(std::uint32_t partition, Offset from) = 0;
  /// Clears `batch` and fills it with up to `records_max` records. With 0 it delivers none, but
  /// answers the group: for a listener that is busy for long.
  virtual Result<Polled> poll(InputBatch& batch, std::size_t records_max,
                              std::chrono::milliseconds timeout) = 0;
  /// True where all partitions share one order and one clock (files), false where each has its own.
  [[nodiscard]] virtual bool one_clock() const = 0;
  /// False while nothing can come because nobody is there to send it.
  [[nodiscard]] virtual bool reachable() const { return true; }
  /// "file:line" or "topic[partition]@offset" of a record, for people.
  [[nodiscard]] virtual std::string describe(std::uint32_t partition, Offset offset) const = 0;
  /// A source of one input has nothing to say beyond the partition's number.
  [[nodiscard]] virtual InputPlace place_of(std::uint32_t partition) const {
    return {{}, partition};
  }
};

}  // namespace fealty::ports
