// The second half of Worker: what it owns, and commits.
#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"
#include "fealty/runtime/worker.hpp"

namespace fealty::runtime {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int intervals_when_behind = 2;
constexpr std::size_t save_bytes_least = std::size_t{1} << 20U;

/// Carries changelog records into a store.
class Restore final : public ports::Changelog::Visitor {
 public:
  explicit Restore(ports::MemberStore& store) : store_{store} {}
  Result<void> apply(std::string_view key, std::string_view value) override {
    ++records_;
    return store_.restore(key, value, 0);
  }
  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  ports::MemberStore& store_;
  std::uint64_t records_ = 0;
};

}  // namespace

Result<void> Worker::on_assigned(std::span<const ports::Assignment> partitions) {
  for (const ports::Assignment& assignment : partitions) {
    if (assignment.partition >= owned_.size()) owned_.resize(assignment.partition + 1);
    auto owned = std::make_unique<Owned>();
    auto store = open_store_(assignment.partition);
    if (!store) return store.error();
    owned->store = std::move(*store);
    if (!one_clock_) owned->own_clock = std::make_unique<Clock>(options_.clock_jump_max);
    owned->clock = one_clock_ ? &shared_clock_ : owned->own_clock.get();
    Owned& held = *owned;
    owned_[assignment.partition] = std::move(owned);
    held.fresh = assignment.fresh;
    auto opened = open_task(assignment.partition, held, assignment.committed);
    if (!opened) return opened.error();
  }
  if (auto begun = begin_at_positions(); !begun) return begun.error();
  return on_opened && !partitions.empty() ? on_opened() : Result<void>{};
}

/// One procedure for start, crash, takeover, abort and an empty disk: saved versions first, then
/// the input from recover_from on.
Result<void> Worker::open_task(std::uint32_t partition, Owned& owned, ports::Offset committed) {
  const auto begun = SteadyClock::now();
  if (changelog_ != nullptr) {
    if (auto restored = restore(partition, *owned.store); !restored) return restored.error();
  }
  TaskOptions task_options = options_.task;
  task_options.save_bytes_max =
      std::min(task_options.save_bytes_max, std::max(options_.cache_bytes / 16, save_bytes_least));
  task_options.describe = [this](std::uint32_t p, ports::Offset offset) {
    return source_.describe(p, offset);
  };
  owned.task = std::make_unique<Task>(partition, topology_, *owned.store, cache_, task_options);
  if (auto opened = owned.task->open(committed, owned.fresh); !opened) return opened.error();
  owned.ticks = owned.task->ticks();
  owned.ticks_done = 0;
  owned.recovering = true;
  owned.next = owned.task->positions().applied;
  owned.routed.clear();
  owned.last_record = SteadyClock::now();
  if (!one_clock_) owned.clock->restore(owned.task->clock_at_open());
  const Positions& at = owned.task->positions();
  log::info("task.opened",
            {{"partition", partition},
             {"recover_from", at.recover_from},
             {"committed", at.committed},
             {"took_ms", std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(
                                          SteadyClock::now() - begun)
                                          .count()}}});
  return {};
}

Result<void> Worker::restore(std::uint32_t partition, ports::MemberStore& store) {
  const auto checkpoint = store.checkpoint();
  if (!checkpoint) return checkpoint.error();
  const std::uint64_t from = *checkpoint ? (*checkpoint)->changelog_position : 0;
  Restore visitor{store};
  const auto position = ports::read_all(*changelog_, partition, from, visitor);
  if (!position) return position.error();
  if (*position == from) return {};
  log::info("store.restored", {{"partition", partition}, {"records", visitor.records()}});
  return store.restored(*position);
}

/// Points the source at each task's recover_from; with one clock for all, at the earliest.
Result<void> Worker::begin_at_positions() {
  if (one_clock_) {
    const Task* first = nullptr;
    for (const auto& owned : owned_) {
      if (owned && (first == nullptr ||
                    owned->task->positions().recover_from < first->positions().recover_from)) {
        first = owned->task.get();
      }
    }
    check(first != nullptr, "a source assigns at least one partition");
    shared_clock_.restore(first->clock_at_open());
    shared_next_ = first->positions().recover_from;
  }
  for (std::uint32_t partition = 0; partition < owned_.size(); ++partition) {
    Owned* const owned = owned_[partition].get();
    if (owned == nullptr || !owned->recovering) continue;
    auto started = source_.start_at(partition, owned->task->positions().recover_from);
    if (!started) return started.error();
  }
  return settle_clocks();
}

/// Ticks recorded at the very position where a task begins are repeated at once.
Result<void> Worker::settle_clocks() {
  ports::OutputBuffer nothing;
  for (const auto& owned : owned_) {
    if (!owned || !owned->recovering || one_clock_) continue;
    const Positions& at = owned->task->positions();
    repeat_ticks(*owned, at.applied);
    auto settled = owned->task->end_batch(at.applied, owned->clock->state(), true, nothing);
    if (!settled) return settled.error();
    check(nothing.empty(), "a recovery is silent");
    if (at.applied >= at.committed) owned->recovering = false;
  }
  return {};
}

Result<void> Worker::on_revoked(std::span<const std::uint32_t> partitions, bool lost) {
  const auto going = [&](std::uint32_t partition) {
    return std::find(partitions.begin(), partitions.end(), partition) != partitions.end();
  };
  // What is in flight holds these partitions, too.
  auto outcome = take_commit(SinkLane::Wait::yes);
  if (!lost) {
    if (!outcome) return outcome;
    auto committed = commit_all([&](const Task& task) { return going(task.partition()); });
    if (!committed) return committed;
  }
  for (const std::uint32_t partition : partitions) {
    if (partition >= owned_.size() || !owned_[partition]) continue;
    given_away_.add(lost ? owned_[partition]->task->committed_counters()
                         : owned_[partition]->task->counters());
    owned_[partition].reset();
    cache_.drop_partition(partition);
    log::info("task.closed", {{"partition", partition}, {"lost", lost ? 1 : 0}});
  }
  // Outputs of a lost partition are not ours to commit: an abort drops them, those of others too.
  if (outcome && lost && (sent_ || !out_.empty())) {
    outcome = Error{Errc::transaction_aborted, "partitions", "lost with outputs under way"};
  }
  return outcome;
}

/// After an abort nothing of the open commit is visible: each task starts again from its saved
/// state.
Result<void> Worker::restart_tasks() {
  ++aborts_;
  log::warn("tasks.restarted", {{"aborts", aborts_}});
  // What was committed before the abort is not applied again.
  auto taken = take_commit(SinkLane::Wait::yes);
  if (!taken && disposition(taken.error().code) != Disposition::restart_task) return taken;
  if (auto aborted = lane_.abort(); !aborted) return aborted.error();
  out_.clear();
  sent_ = false;
  for (std::uint32_t partition = 0; partition < owned_.size(); ++partition) {
    Owned* const owned = owned_[partition].get();
    if (owned == nullptr) continue;
    const ports::Offset committed = owned->task->positions().committed;
    given_away_.add(owned->task->committed_counters());
    cache_.drop_partition(partition);
    if (auto opened = open_task(partition, *owned, committed); !opened) return opened.error();
  }
  return begin_at_positions();
}

Result<void> Worker::commit_if_due() {
  if (auto taken = take_commit(SinkLane::Wait::no); !taken) return taken;
  if (auto made = make_room(); !made) return made;
  if (lane_.committing()) {
    // The next one waits for it, with twice its share at most.
    if (since_commit_ < 2 * options_.commit_events_max) return {};
    if (auto taken = take_commit(SinkLane::Wait::yes); !taken) return taken;
  }
  return commit_due() ? start_commit([](const Task&) { return Task::Save::due; }) : Result<void>{};
}

/// Keeps the cache within its bound. Full of unsaved members, it brings the next commit forward,
/// which saves the older half of them, or all where that was not enough.
Result<void> Worker::make_room() {
  cache_.shrink();
  if (cache_.over() && lane_.committing()) {
    if (auto taken = take_commit(SinkLane::Wait::yes); !taken) return taken;
    cache_.shrink();
  }
  const bool again = std::exchange(over_, cache_.over());
  if (!over_) return {};
  return start_commit([&](const Task&) { return again ? Task::Save::all : Task::Save::half; });
}

bool Worker::commit_due() const {
  const auto waited = SteadyClock::now() - last_commit_;
  if (!uncommitted_) {
    // An idle input: what is still unsaved follows once it is old enough.
    return waited >= options_.task.checkpoint_distance &&
           std::any_of(owned_.begin(), owned_.end(), [](const std::unique_ptr<Owned>& owned) {
             return owned && owned->task->unsaved() > 0;
           });
  }
  if (since_commit_ >= options_.commit_events_max) return true;
  if (options_.commit_interval.count() == 0) return false;
  // Behind its input, a worker commits larger portions: each commit costs about the same.
  const int patience = behind_ ? intervals_when_behind : 1;
  return waited >= options_.commit_interval * patience;
}

/// Hands outputs, saved versions and positions to the lane; the tasks may go on at once.
Result<void> Worker::start_commit(const Which& which) {
  const auto now = SteadyClock::now();
  if (auto sent = send_outputs(); !sent) return sent;
  commit_out_.clear();
  positions_.clear();
  for (const auto& owned : owned_) {
    if (!owned) continue;
    owned->task->prepare_commit(which(*owned->task), now, commit_out_);
    positions_.push_back(owned->task->commit_position());
  }
  if (auto sent = send(commit_out_); !sent) return sent;
  if (auto queued = lane_.commit(positions_); !queued) return queued;
  since_commit_ = 0;
  sent_ = false;
  uncommitted_ = false;
  last_commit_ = now;
  behind_ = true;  // until a batch says otherwise
  return {};
}

/// Where the commit in flight is done, its tasks and their stores learn of it.
Result<void> Worker::take_commit(SinkLane::Wait wait) {
  const auto taken = lane_.committed(wait, positions_);
  if (!taken) return taken.error();
  if (!*taken) return {};
  ++commits_;
  log::debug("worker.committed",
             {{"commit", commits_},
              {"took_ms", std::int64_t{std::chrono::duration_cast<std::chrono::milliseconds>(
                                           SteadyClock::now() - last_commit_)
                                           .count()}},
              {"records_since", since_commit_}});
  Result<void> outcome;
  for (const ports::CommitPosition& position : positions_) {
    Owned& owned = *owned_[position.partition];
    owned.fresh = false;
    auto done = owned.task->commit_done(position);
    if (!done && outcome) outcome = done;  // All of them are told: it is committed.
  }
  return outcome;
}

/// Commits until everything is saved of the tasks that `saves` names; once at least.
Result<void> Worker::commit_all(const std::function<bool(const Task&)>& saves) {
  const auto unsaved = [&](const std::unique_ptr<Owned>& owned) {
    return owned && saves(*owned->task) && owned->task->unsaved() > 0;
  };
  do {
    auto committed =
        commit([&](const Task& task) { return saves(task) ? Task::Save::all : Task::Save::due; });
    if (!committed) return committed;
  } while (std::any_of(owned_.begin(), owned_.end(), unsaved));
  return {};
}

/// A commit from its start to its outcome.
Result<void> Worker::commit(const Which& which) {
  if (auto taken = take_commit(SinkLane::Wait::yes); !taken) return taken;
  if (auto started = start_commit(which); !started) return started;
  return take_commit(SinkLane::Wait::yes);
}

Result<void> Worker::send(ports::OutputBuffer& out) {
  if (out.empty()) return {};
  sent_ = true;
  return lane_.append(out);
}

Counters Worker::counters() const {
  Counters sum = given_away_;
  for (const auto& owned : owned_) {
    if (owned) sum.add(owned->task->counters());
  }
  return sum;
}

bool Worker::holds_every_member() const {
  return std::none_of(owned_.begin(), owned_.end(), [](const std::unique_ptr<Owned>& owned) {
    return owned && owned->task->store_has_more();
  });
}

Result<void> Worker::visit_members(
    const std::function<Result<void>(const member::Record&)>& visit) const {
  constexpr std::size_t prefetch_ahead = 24;
  const std::vector<Slot> slots = cache_.sorted_by_id();
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i + prefetch_ahead < slots.size()) {
      cache_.prefetch_member(slots[i + prefetch_ahead], sizeof(CachedMember));
    }
    const member::Record& record = cache_.member(slots[i]).record;
    if (record.last_day < 0) continue;  // Only refused events named it.
    if (auto visited = visit(record); !visited) return visited;
  }
  return {};
}

std::vector<Task*> Worker::tasks() {
  std::vector<Task*> held;
  for (const auto& owned : owned_) {
    if (owned) held.push_back(owned->task.get());
  }
  return held;
}

EventTime Worker::clock() const {
  EventTime latest = shared_clock_.now();
  for (const auto& owned : owned_) {
    if (owned) latest = std::max(latest, owned->clock->now());
  }
  return latest;
}

}  // namespace fealty::runtime
