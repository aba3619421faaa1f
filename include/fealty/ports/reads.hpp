#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::ports {

/// A place in the input: before the record at `position` of a partition.
struct InputPosition {
  std::uint32_t partition = 0;
  Offset position = 0;
  friend bool operator==(const InputPosition&, const InputPosition&) = default;
};

/// Ledger entries of one answer.
inline constexpr std::size_t read_entries_max = 1000;

struct ReadRequest {
  enum class What : std::uint8_t { member, ledger };
  What what = What::member;
  std::string member;  // id
  /// Of a ledger: up to `limit` entries (read_entries_max at most) with seq >= from_seq.
  std::uint64_t from_seq = 0;
  std::size_t limit = read_entries_max;
  /// What is saved, which may lie behind, at once; else what is committed.
  bool stale = false;
  /// Looks in this partition only, and not before it has come so far. Whoever wrote an event to
  /// `partition` at an offset sees it from offset + 1 on.
  std::optional<InputPosition> at_least;
  /// After this it is answered `busy`, or not worked on any more.
  std::chrono::steady_clock::time_point deadline{};
};

struct ReadAnswer {
  /// Everything before it is in the answer, as far as it concerns the member. Stale: likewise, and
  /// what lies behind it is not.
  InputPosition as_of;
  EventTime clock{};                 // of the partition: what depends on the day is as of it
  std::string member;                // as JSON; of a ledger read, empty
  std::vector<std::string> entries;  // of the ledger, as JSON, oldest first
  std::uint64_t next_seq = 0;        // there are more, from this on; 0 = there are not
};

enum class ReadFailure : std::uint8_t {
  unknown_member,  // nobody has heard of it: that is known, not guessed
  elsewhere,       // no worker of this process holds its partition
  busy,            // not within the deadline: being restored, or a commit that hangs
  stopping,        // the process ends
  failed,          // its store cannot be read
};
struct ReadRefusal {
  ReadFailure why = ReadFailure::failed;
  std::string detail;  // for people
};
using ReadOutcome = std::variant<ReadAnswer, ReadRefusal>;

/// Members as they are committed, asked of the workers that hold them.
///
/// A worker looks between two batches at what it holds, and its answer is released once what it saw
/// is committed: nobody is shown what is rolled back later. Reads in turn never see less. A process
/// that was cut off for as long as its session, and does not know yet that others have its
/// partitions, answers as of the last it has seen: `as_of` says so.
///
/// Threads: any. Errors: a ReadRefusal.
class Reads {
 public:
  using Done = std::function<void(ReadOutcome)>;
  virtual ~Reads() = default;
  /// Calls `done` once, on this thread or a worker's: it must be quick. A worker that hangs answers
  /// late, so a host keeps time, too.
  virtual void ask(ReadRequest request, Done done) = 0;
};

}  // namespace fealty::ports
