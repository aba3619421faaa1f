#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/check.hpp"
#include "fealty/base/result.hpp"
#include "fealty/base/time.hpp"
#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/history.hpp"
#include "fealty/member/record.hpp"
#include "fealty/member/rows.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/ports/saved_batch.hpp"

namespace fealty::ports {

using event::Offset;

/// The clock moved on to another day before the record at `position`: by the record before it, or
/// by this machine's clock while the partition was idle. Recorded, so that a recovery repeats it.
struct Advance {
  Offset position = 0;
  EventTime time;
  friend bool operator==(const Advance&, const Advance&) = default;
};

/// A partition's clock: see runtime::Clock.
struct ClockState {
  EventTime now{};                   // epoch = no event seen yet
  bool confirmed = false;            // more than one event has agreed on it
  EventTime suspect{};               // a time too far ahead, waiting for a witness; epoch = none
  std::uint64_t suspect_member = 0;  // hash64 of the member who said so
  friend bool operator==(const ClockState&, const ClockState&) = default;
};

/// A generation of the program that a partition goes by.
struct Generation {
  std::uint32_t version = 0;
  std::uint64_t fingerprint = 0;
  Day valid_from = std::numeric_limits<Day>::min();  // first day that it judges
  Offset adopted_at = 0;                             // known from before this record on
  friend bool operator==(const Generation&, const Generation&) = default;
};

/// What a recovery starts from; saved in the same batch as the versions it speaks of.
struct Checkpoint {
  Offset recover_from = 0;        // first input position that the saved versions may lack
  Offset committed = 0;           // of the commit that this belongs to
  ClockState clock;               // before the record at recover_from
  std::vector<Advance> advances;  // behind recover_from, up to recorded_to
  std::vector<Offset> refused;    // likewise: records that this machine's clock refused
  Offset recorded_to = 0;         // up to here the clock is repeated from `advances`
  ClockState recorded_clock;      // at recorded_to
  std::string note;               // CommitPosition::note of that commit
  Day turned_to = std::numeric_limits<Day>::min();  // by recover_from all turns up to it were over
  std::string program_id;
  std::vector<Generation> generations;  // adopted, ascending
  std::uint32_t core_revision = 0;
  std::uint64_t changelog_position = 0;  // of the store itself; not meaningful inside the changelog
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// A place in the timer index: what falls due is worked off by day, within a day by member id.
struct DuePlace {
  Day day = -1;
  std::string member;
  friend auto operator<=>(const DuePlace&, const DuePlace&) = default;
};

/// The part of a row's encoded change that names its row among those of its member: the length of
/// what follows (2 bytes, big endian), and that. Behind it comes the value.
inline std::string_view row_name(std::string_view change) {
  check(change.size() > 2, "a change of a row as it was encoded");
  return change.substr(0, std::size_t{2} + (static_cast<unsigned char>(change[0]) << 8U |
                                            static_cast<unsigned char>(change[1])));
}

/// A member to be saved: borrowed until encode() returns.
struct SaveItem {
  const member::Record* record = nullptr;
  std::span<const std::string_view> entries;  // encoded, since the last save, oldest first
  std::span<const std::string_view> rows;     // encoded changes since then, each row once
  Day stored_due = no_day;                    // due() of the version that the store holds now
};

/// Where a partition's member state rests between events; MemberStores makes and saves them.
///
/// Owns:    what was saved of its partition. Borrows arguments only until the call returns.
/// Threads: one at a time; not bound to one thread.
/// Errors:  store_unavailable (retry later), store_corrupt (stop), wrong_revision (another format),
///          state_in_use, output_unwritable (disk full). Never throws.
class MemberStore {
 public:
  virtual ~MemberStore() = default;

  /// The checkpoint of the last save; nullopt for a fresh store.
  virtual Result<std::optional<Checkpoint>> checkpoint() = 0;
  /// out[i] = the saved record of members[i], or a new Record with only its id set; one MultiGet.
  virtual Result<void> load(std::span<const std::string_view> members,
                            std::span<member::Record* const> out) = 0;
  /// Looks up rows of one member by their keys, all in one read: sets `found` and what was found.
  virtual Result<void> find_rows(std::string_view member,
                                 std::span<member::FoundRow* const> rows) = 0;
  /// Appends a ledger entry as SaveItem wants it. Pure.
  virtual void encode(const member::LedgerEntry& entry, std::string& out) = 0;
  /// Reads what that appended; `entry` borrows from it. Pure.
  virtual Result<void> decode(std::string_view encoded, member::LedgerEntry& entry) = 0;
  /// Appends a change of a row as SaveItem wants it: its key as the next call writes it, and behind
  /// that the value, nothing for one that is erased. `effects` hold an order or a parked refund
  /// that is put. Pure.
  virtual void encode(const member::RowChange& change, const member::Effects& effects,
                      std::string& out) = 0;
  /// Appends the row_name() of all changes of this row, with which no other row's begin. Pure.
  virtual void encode(const member::RowKey& key, std::string& out) = 0;
  /// Reads a row's value into the row of its key. Pure.
  virtual Result<void> decode(std::string_view value, member::FoundRow& row) = 0;
  /// Appends the encoded versions of `items` to `batch`, each with `as_of`, and what else they
  /// hold. A member is in a batch once. Pure: touches no file.
  virtual void encode(std::span<const SaveItem> items, Offset as_of, SavedBatch& batch) = 0;
  virtual void encode(const Checkpoint& checkpoint, SavedBatch& batch) = 0;
  /// Adds what `batch` holds to `out`, as records of the changelog `stream`: as few as may be, each
  /// small enough for any broker, with tombstones for the rows that are gone. Pure.
  virtual void to_changelog(const SavedBatch& batch, Stream stream, std::uint32_t partition,
                            OutputBuffer& out) = 0;
  /// Keeps one changelog record (restore). `position`: the changelog position after it.
  virtual Result<void> restore(std::string_view key, std::string_view value,
                               std::uint64_t position) = 0;
  /// Ends a restore, also one that had nothing to read: what was restored is kept, and what an
  /// earlier one was cut short in is made complete.
  virtual Result<void> restored(std::uint64_t position) = 0;

  /// Appends up to `limit` saved members behind `after` with due() <= `until`, in order; true where
  /// more are left. May name one whose due day has moved since: the caller checks the record.
  virtual Result<bool> due(const DuePlace& after, Day until, std::size_t limit,
                           std::vector<DuePlace>& out) = 0;
  /// Every saved member in ascending order of id (bytewise). Stops at the first error of `visit`.
  virtual Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit) = 0;
  /// The first `limit` saved members with an id above `after` (bytewise), ascending, into `out`,
  /// which is replaced; fewer at the end, none behind it.
  virtual Result<void> page(std::string_view after, std::size_t limit,
                            std::vector<member::Record>& out) = 0;
  /// Up to `limit` saved ledger entries of a member with seq >= `from_seq`, oldest first; one seek.
  virtual Result<void> history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                               const std::function<void(const member::LedgerEntry&)>& visit) = 0;
  /// True where nothing was ever saved.
  virtual bool empty() = 0;
};

/// The stores of a process, one a partition: a commit is saved in all of its partitions or in none,
/// so together they always are as of one commit.
///
/// Threads: one at a time, unless the class says otherwise. Errors: as MemberStore. Outlives its
/// stores.
class MemberStores {
 public:
  virtual ~MemberStores() = default;
  /// Cheap where the partition holds nothing. A partition is open once at a time: a standby's store
  /// is waited for.
  virtual Result<std::unique_ptr<MemberStore>> open(std::uint32_t partition) = 0;
  /// For a standby, any thread: nullptr where the partition is open, or these stores know none. The
  /// store goes as soon as it is wanted().
  virtual Result<std::unique_ptr<MemberStore>> open_standby(std::uint32_t partition) {
    static_cast<void>(partition);
    return std::unique_ptr<MemberStore>{};
  }
  /// Whether open() waits for a standby to leave it.
  [[nodiscard]] virtual bool wanted(std::uint32_t partition) const {
    static_cast<void>(partition);
    return false;
  }
  struct Save {
    MemberStore* store = nullptr;  // of open(), each once
    SavedBatch* batch = nullptr;
  };
  /// Keeps the batches, all of them or none, in order after all earlier ones. Call it only once the
  /// log has committed what they hold. May take their memory and leave other in its place: clear()
  /// them afterwards.
  virtual Result<void> save(std::span<const Save> saves) = 0;
  /// Brings to rest what earlier saves left in memory, where readers of these stores saw it, too.
  virtual Result<void> settle() { return {}; }
};

}  // namespace fealty::ports
