#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/ports/input.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/counters.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::runtime {

/// One input record after decoding, with the clock around it.
struct DecodedRecord {
  const ports::InputRecord* raw = nullptr;
  event::Event event;  // where `decoded`
  bool decoded = false;
  Error error{};  // where not `decoded`
  EventTime clock_before{}, clock_after{};
  Day day_before = 0, day_after = 0;  // of the clock
};

/// Where a task stands in its input.
struct Positions {
  ports::Offset recover_from = 0;  // a recovery would read from here
  ports::Offset committed = 0;     // outputs of all before are out
  ports::Offset applied = 0;       // all before is in memory
};

struct TaskOptions {
  std::uint64_t checkpoint_distance_events =
      2'000'000;                                 // a change is saved at most this far behind
  std::chrono::seconds checkpoint_distance{60};  // and at most this long after (live)
  /// One commit saves about so much at most: its memory is bounded, and while one batch is written
  /// the next can be encoded.
  std::size_t save_bytes_max = std::size_t{40} << 20U;
  bool changelog = false;         // saved versions go to the changelog stream too
  bool member_snapshots = false;  // and a JSON snapshot of each to the members stream
  std::string program_id;
  std::uint32_t program_version = 0;
  std::uint64_t program_fingerprint = 0;
  /// Where a record stands, for dead letters: "file:line", "topic[partition]@offset".
  std::function<std::string(std::uint32_t partition, ports::Offset offset)> describe;
};

/// One partition's part of the work: state and effects of its records, saved behind the log.
///
/// The three positions, the queue of unsaved changes and the recovery are those of README.md "How
/// state is saved". There is no separate recovery code: records before `committed` are applied like
/// any other, but silently, and a member skips what lies before the `as_of` of its saved version.
///
/// Life: open() -> { apply()* -> end_batch() -> [ prepare_commit() -> (sink commits, the task goes
/// on) -> commit_done() ] }*. After a commit that failed the task is of no use: make a new one and
/// open() it.
///
/// Invariant. recover_from <= committed <= applied; a commit in flight holds newer values of the
/// first two, and versions as_of the `applied` that prepare_commit() found. Later changes lie at or
/// behind that position and queue anew, behind all older ones: recover_from never turns back. Until
/// commit_done() a member in flight stays in memory, its history too, so the store is asked only
/// for members that are not in memory, and for orders that neither history of a member holds.
///
/// Owns:    its queue and timers. Borrows topology, store and the cache that all tasks share.
/// Threads: one.
/// Errors:  the store's; wrong_program, wrong_revision from open().
class Task {
 public:
  Task(std::uint32_t partition, const Topology& topology, ports::MemberStore& store,
       MemberCache& cache, TaskOptions options);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  /// Reads the store's checkpoint (the changelog is restored into the store already). Afterwards
  /// positions().recover_from says where the input must be read from, clock() what clock to begin
  /// with. `fresh`: no commit was ever made; then `committed` is where to begin.
  Result<void> open(ports::Offset committed, bool fresh);
  [[nodiscard]] const Positions& positions() const { return at_; }
  [[nodiscard]] const ports::ClockState& clock_at_open() const { return clock_at_open_; }
  [[nodiscard]] const std::vector<ports::Tick>& ticks() const { return ticks_; }

  /// Applies records of this partition, in order; effects of those at or behind `committed` go to
  /// `out`.
  Result<void> apply(std::span<const DecodedRecord* const> records, ports::OutputBuffer& out);
  /// Everything before `next` was applied, the clock stands at `clock`: lets idle members' timers
  /// fire. `silent`: in a recovery, at or before `committed`: these timers were announced before.
  Result<void> end_batch(ports::Offset next, const ports::ClockState& clock, bool silent,
                         ports::OutputBuffer& out);
  /// Records a turn of the clock made at the current position. Call end_batch() after it.
  void tick(EventTime time) { ticks_.push_back({at_.applied, time}); }

  enum class Save : std::uint8_t { due, half, all };  // by distance; the older half; everything
  /// Encodes the saved versions of this commit; with a changelog, puts them into `out`, too.
  void prepare_commit(Save which, std::chrono::steady_clock::time_point now,
                      ports::OutputBuffer& out);
  /// Of the commit prepared last.
  [[nodiscard]] ports::CommitPosition commit_position() const;
  /// The sink has committed what was prepared: the store may follow.
  Result<void> commit_done(const ports::CommitPosition& position);

  [[nodiscard]] std::uint32_t partition() const { return partition_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  /// As of the last commit: what an abort does not take back.
  [[nodiscard]] const Counters& committed_counters() const { return committed_counters_; }
  [[nodiscard]] std::size_t unsaved() const { return queue_.size(); }
  [[nodiscard]] ports::MemberStore& store() { return store_; }
  /// Whether the store may hold a member that is not in memory.
  [[nodiscard]] bool store_has_more() const {
    return !store_was_empty_ || cache_.evictions() != evictions_at_open_;
  }

 private:
  /// The input position and clock at which a batch began; changes of that batch point to it.
  struct BatchMark {
    std::uint64_t number = 0;
    ports::Offset start = 0;
    ports::ClockState clock;  // before the record at start
    std::chrono::steady_clock::time_point opened;
  };
  Result<void> find_members(std::span<const DecodedRecord* const> records);
  Result<void> load_missing();
  Result<void> apply_one(const DecodedRecord& record, Slot slot, ports::OutputBuffer& out);
  Result<const member::OrderGrant*> find_order(const event::Event& event,
                                               const CachedMember& member);
  void changed(Slot slot, CachedMember& member);
  void register_timer(Slot slot, CachedMember& member);
  Result<void> fire_timers(Day today, EventTime clock, ports::OutputBuffer& out);
  void due_in_memory(Day today);
  Result<void> due_in_store(Day today);
  void announce(Slot slot, CachedMember& member, EventTime clock, ports::OutputBuffer& out);
  void emit(CachedMember& member, ports::OutputBuffer& out);
  bool find_unsaved_order(HistoryLog::Position newest, std::uint64_t key);
  struct RecentOrder {
    std::uint64_t key = 0;  // of member and order
    HistoryLog::Position at = HistoryLog::none;
  };
  RecentOrder& recent_order(const CachedMember& member, std::uint64_t order_key);
  void count_log();
  void reject(const DecodedRecord& record, const Error& error, ports::OutputBuffer& out);
  void save_members(Save which, std::chrono::steady_clock::time_point now,
                    ports::OutputBuffer& out);
  void save_member(Slot slot, std::span<const std::string_view> entries,
                   std::span<const std::string_view> orders, ports::OutputBuffer& out);
  [[nodiscard]] bool front_is_old(std::chrono::steady_clock::time_point now);
  const BatchMark& mark_of_front();
  void gather_histories(std::span<const Slot> slots);
  void update_recover_from();
  [[nodiscard]] ports::Checkpoint checkpoint() const;
  [[nodiscard]] bool live(ports::Offset offset) const { return offset >= at_.committed; }

  const std::uint32_t partition_;
  const Topology& topology_;
  ports::MemberStore& store_;
  MemberCache& cache_;
  const TaskOptions options_;

  Positions at_;
  ports::ClockState clock_at_open_;
  std::deque<BatchMark> marks_;
  std::uint64_t batch_number_ = 1;
  ports::ClockState clock_;          // at applied
  ports::ClockState recover_clock_;  // at the recover_from of the last commit prepared
  std::vector<ports::Tick> ticks_;
  ports::Offset position_ = 0;    // of the record at hand
  bool emitting_ = false;         // effects of the record at hand are live
  bool store_was_empty_ = false;  // at open: while nothing was evicted, a miss is a new member
  std::uint64_t evictions_at_open_ = 0;

  HistoryLog log_;
  std::vector<RecentOrder> recent_orders_;  // the newest state of orders touched lately, by hash
  std::size_t log_bytes_held_ = 0;          // of it, in the cache's count
  std::deque<Slot> queue_;                  // changed members, oldest unsaved change first
  std::map<Day, std::vector<std::pair<Slot, std::uint32_t>>> timers_;  // slot and its generation
  Day fired_to_ = -1;

  /// A member whose version is in the commit in flight, with the history that went into it.
  struct Saving {
    Slot slot = no_slot;
    HistoryLog::Position orders = HistoryLog::none;
  };

  // Commit in flight, or being prepared.
  std::vector<Saving> saving_;
  HistoryLog::Release saving_history_;
  ports::SavedBatch saved_;
  ports::Offset preparing_from_ = 0;  // its recover_from
  ports::Offset preparing_to_ = 0;    // its committed
  Counters preparing_counters_;

  // Scratch, reused.
  struct Found {
    Slot slot = no_slot;
    std::uint32_t bytes_read = 0;  // of the member, by an event of this type
  };
  std::vector<Found> slots_;  // of the records at hand
  std::vector<Slot> missing_;
  std::vector<Slot> due_;
  member::Effects effects_;
  member::OrderGrant found_order_;
  std::string encoded_;
  std::vector<HistoryLog::Chain> chains_;                 // of the members being saved
  std::vector<std::string_view> history_;                 // of one of them, oldest first
  ports::Offset checkpoint_written_ = ~ports::Offset{0};  // its recover_from
  Counters counters_, committed_counters_;
};

}  // namespace fealty::runtime
