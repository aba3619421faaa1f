#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "fealty/ports/input.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/clock.hpp"
#include "fealty/runtime/decoded_input.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/sink_lane.hpp"
#include "fealty/runtime/task.hpp"

namespace fealty::runtime {

/// None of these can change an outcome but clock_jump_max, which comes from the program.
struct WorkerOptions {
  TaskOptions task;
  DecodedInputOptions input;
  SinkLaneOptions lane;
  /// Decoded members and what they have not saved, all partitions together. Portions of a save are
  /// cut to a sixteenth of it.
  std::size_t cache_bytes = std::size_t{512} << 20U;
  std::uint64_t commit_events_max = 500'000;     // a commit at least this often
  std::chrono::milliseconds commit_interval{0};  // and this often; 0 = by events only
  std::chrono::milliseconds tick_after_idle{0};  // live: tick an idle partition's clock; 0 = never
  std::uint32_t file_partitions = 1;             // of a source without partitions
  std::chrono::days clock_jump_max{400};
  std::int64_t future_ms_max = 0;  // event time ahead of the broker's timestamp; 0 = not checked
};

/// Opens the store of a partition.
using StoreFactory =
    std::function<Result<std::unique_ptr<ports::MemberStore>>(std::uint32_t partition)>;

/// Drives tasks: source -> decode -> tasks -> sink -> commit -> stores, for every host. run,
/// replay, tests and simulation differ in the ports only.
///
/// A commit is queued on the lane to the sink and the tasks go on; its outcome is taken between two
/// batches. One is in flight at most. A rebalance and the end of a run wait for it, and so does a
/// cache that is full of unsaved members.
///
/// Owns:    tasks, their stores, the cache, the lane. Borrows topology and ports.
/// Threads: one, besides the lane's and a decode thread where asked for.
/// Errors:  whatever stops it; an aborted transaction restarts the tasks and is no error.
class Worker final : private ports::AssignmentListener {
 public:
  /// `changelog` may be nullptr.
  Worker(const Topology& topology, ports::Source& source, ports::Sink& sink,
         ports::Changelog* changelog, StoreFactory open_store, WorkerOptions options);
  ~Worker() override;

  /// Called when partitions were taken over and their stores are open; an error stops the worker.
  std::function<Result<void>()> on_opened;
  /// Called when the input has ended and all of it is applied, before the last save: until run()
  /// returns only what a member's reader does not see (as_of, the cache's marks) changes.
  std::function<void()> on_applied;
  /// Called after each batch and each commit, on the worker's thread.
  std::function<void()> on_progress;
  /// Called with the outputs of some batches before they go to the sink.
  std::function<void(const ports::OutputBuffer&)> on_outputs;

  /// Runs until the input ends or `stop` is set, then saves everything and commits.
  Result<void> run(const std::atomic<bool>& stop);

  /// Ends the tasks and closes their stores; nothing may be asked of them any more.
  void close() { owned_.clear(); }

  /// Sums over the tasks, those given away included.
  [[nodiscard]] Counters counters() const;
  [[nodiscard]] const MemberCache& cache() const { return cache_; }
  /// Whether every member that there is lies in memory: then visit_members() needs no store.
  [[nodiscard]] bool holds_every_member() const;
  /// Every member in memory, ascending by id (bytewise). Stops at the first error of `visit`.
  Result<void> visit_members(const std::function<Result<void>(const member::Record&)>& visit) const;
  /// The tasks held now, by partition.
  [[nodiscard]] std::vector<Task*> tasks();
  /// The latest clock of any partition.
  [[nodiscard]] EventTime clock() const;
  [[nodiscard]] std::uint64_t commits() const { return commits_; }
  [[nodiscard]] std::uint64_t aborts() const { return aborts_; }

 private:
  /// A partition held, with what the worker keeps beside its task.
  struct Owned {
    std::unique_ptr<ports::MemberStore> store;
    std::unique_ptr<Task> task;
    Clock* clock = nullptr;  // its own, or the one of all
    std::unique_ptr<Clock> own_clock;
    std::vector<ports::Tick> ticks;  // of the recovery, in order
    std::size_t ticks_done = 0;
    bool fresh = false;      // no commit was ever made
    bool recovering = true;  // applied < committed: nothing goes out
    ports::Offset next = 0;  // behind the last record routed
    std::vector<const DecodedRecord*> routed;
    std::chrono::steady_clock::time_point last_record;  // or when it was opened
  };

  Result<void> on_assigned(std::span<const ports::Assignment> partitions) override;
  Result<void> on_revoked(std::span<const std::uint32_t> partitions, bool lost) override;
  Result<void> open_task(std::uint32_t partition, Owned& owned, ports::Offset committed);
  Result<void> restore(std::uint32_t partition, ports::MemberStore& store);
  Result<void> begin_at_positions();
  Result<void> settle_clocks();
  Result<void> restart_tasks();
  Result<void> loop(const std::atomic<bool>& stop);
  Result<void> process(DecodedBatch& batch);
  Result<void> route(DecodedRecord& record);
  Result<void> end_recovery(Owned& owned);
  Result<void> apply_routed();
  void repeat_ticks(Owned& owned, ports::Offset up_to);
  void stamp(DecodedRecord& record, Clock& clock);
  void note_activity(const DecodedBatch& batch);
  Result<void> tick_idle();
  Result<void> commit_if_due();
  Result<void> make_room();
  [[nodiscard]] bool commit_due() const;
  using Which = std::function<Task::Save(const Task&)>;
  Result<void> start_commit(const Which& which);
  Result<void> take_commit(SinkLane::Wait wait);
  Result<void> commit(const Which& which);
  Result<void> commit_all(const std::function<bool(const Task&)>& saves);
  Result<void> send_outputs();
  Result<void> send(ports::OutputBuffer& out);
  Owned* owner_of(const DecodedRecord& record);
  ports::Offset& next_of(Owned& owned) { return one_clock_ ? shared_next_ : owned.next; }
  void refuse_future(DecodedRecord& record) const;

  const Topology& topology_;
  ports::Source& source_;
  ports::Changelog* const changelog_;
  const StoreFactory open_store_;
  const WorkerOptions options_;

  MemberCache cache_;
  Clock shared_clock_;
  ports::Offset shared_next_ = 0;  // with one clock, all tasks stand at the same position
  bool one_clock_ = false;
  std::vector<std::unique_ptr<Owned>> owned_;  // by partition; nullptr = not held
  ports::OutputBuffer out_;                    // of a batch
  ports::OutputBuffer commit_out_;  // of a commit: larger, so they keep memory of their own
  std::vector<ports::CommitPosition> positions_;
  std::uint64_t since_commit_ = 0;  // records since one was started
  bool sent_ = false;               // outputs since then
  bool over_ = false;               // the cache was full at the last step, too
  bool behind_ = false;             // every batch since then was full: more is waiting
  bool uncommitted_ = false;        // something to commit, ticks included
  std::chrono::steady_clock::time_point last_commit_;
  std::uint64_t commits_ = 0, aborts_ = 0;
  Counters given_away_;
  EventTime last_clock_seen_{};
  Day last_day_seen_ = 0;
  SinkLane lane_;  // the first to end
};

}  // namespace fealty::runtime
