#include "fealty/runtime/worker.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t prefetch_ahead = 6;
/// So many records and their members stay in a core's own cache between two looks at them.
constexpr std::size_t apply_together = 512;
constexpr std::size_t send_bytes_least = std::size_t{256} << 10U;

void prefetch(const DecodedRecord& record) {
  const char* at = reinterpret_cast<const char*>(&record);
  for (std::size_t line = 0; line < sizeof record; line += 64) __builtin_prefetch(at + line);
}

}  // namespace

Worker::Worker(const Topology& topology, ports::Source& source, ports::Sink& sink,
               ports::Changelog* changelog, StoreFactory open_store, WorkerOptions options)
    : topology_{topology},
      source_{source},
      changelog_{changelog},
      open_store_{std::move(open_store)},
      options_{std::move(options)},
      cache_{options_.cache_bytes},
      shared_clock_{options_.clock_jump_max},
      last_commit_{std::chrono::steady_clock::now()},
      lane_{sink, options_.lane} {}

Worker::~Worker() = default;

Result<void> Worker::run(const std::atomic<bool>& stop) {
  one_clock_ = source_.one_clock();
  if (auto opened = source_.open(*this); !opened) return opened.error();
  while (true) {
    if (auto looped = loop(stop); !looped) return looped.error();
    if (on_applied && !stop.load(std::memory_order_relaxed)) on_applied();
    auto committed = commit_all([](const Task&) { return true; });
    if (committed || disposition(committed.error().code) != Disposition::restart_task) {
      return committed;
    }
    // The last commit was aborted: what it held is applied again, unless there is no time for it.
    if (auto restarted = restart_tasks(); !restarted) return restarted.error();
    if (stop.load(std::memory_order_relaxed)) return committed.error();
  }
}

Result<void> Worker::loop(const std::atomic<bool>& stop) {
  DecodedInput input{source_, topology_, options_.input};
  while (!stop.load(std::memory_order_relaxed)) {
    auto batch = input.next();
    Result<void> done;
    bool ended = false;
    if (!batch) {
      done = batch.error();
    } else {
      ended = (*batch)->polled == ports::Polled::ended;
      done = process(**batch);
    }
    if (!done && disposition(done.error().code) == Disposition::restart_task) {
      done = restart_tasks();
      ended = false;
    }
    if (!done) return done.error();
    if (on_progress) on_progress();
    if (ended) return {};
  }
  return {};
}

Result<void> Worker::process(DecodedBatch& batch) {
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    // They come from the decoding thread's core.
    if (i + prefetch_ahead < batch.records.size()) prefetch(batch.records[i + prefetch_ahead]);
    if (auto routed = route(batch.records[i]); !routed) return routed.error();
    if ((i + 1) % apply_together == 0) {
      if (auto applied = apply_routed(); !applied) return applied.error();
    }
  }
  if (auto applied = apply_routed(); !applied) return applied.error();
  if (batch.polled == ports::Polled::idle && options_.tick_after_idle.count() > 0) {
    if (auto ticked = tick_idle(); !ticked) return ticked.error();
  }
  if (!batch.records.empty()) {
    uncommitted_ = true;
    if (options_.tick_after_idle.count() > 0) note_activity(batch);
  }
  since_commit_ += batch.records.size();
  if (batch.records.size() < options_.input.records_max) behind_ = false;
  // Often enough for the lane to keep up, seldom enough that waking it costs little.
  if (out_.bytes() >= send_bytes_least) {
    if (auto sent = send_outputs(); !sent) return sent;
  }
  return commit_if_due();
}

Result<void> Worker::send_outputs() {
  if (out_.empty()) return {};
  if (one_clock_ && options_.file_partitions > 1) out_.sort_by_position();
  if (on_outputs) on_outputs(out_);
  return send(out_);
}

/// The task that a record belongs to; nullptr where this worker does not hold its partition (any
/// more).
Worker::Owned* Worker::owner_of(const DecodedRecord& record) {
  std::uint32_t partition = record.raw->partition;
  if (partition == ports::unassigned_partition) {
    partition =
        record.decoded ? partition_of(record.event.member_hash, options_.file_partitions) : 0;
  }
  return partition < owned_.size() ? owned_[partition].get() : nullptr;
}

Result<void> Worker::route(DecodedRecord& record) {
  Owned* const owned = owner_of(record);
  if (owned == nullptr) return {};
  const ports::Offset offset = record.raw->offset;
  if (offset < next_of(*owned)) return {};  // Delivered again after a seek.
  if (owned->recovering && offset >= owned->task->positions().committed) {
    if (auto ended = end_recovery(*owned); !ended) return ended.error();
  }
  repeat_ticks(*owned, offset);
  stamp(record, *owned->clock);
  next_of(*owned) = offset + 1;
  if (offset >= owned->task->positions().applied) owned->routed.push_back(&record);
  // A new day: timers fire behind the record that brought it, wherever a batch happens to end.
  return record.day_after > record.day_before ? apply_routed() : Result<void>{};
}

/// The next record is the first that was not committed: completes what was applied silently, with
/// the clock as it stood then.
Result<void> Worker::end_recovery(Owned& owned) {
  next_of(owned) = owned.task->positions().committed;
  return apply_routed();
}

void Worker::repeat_ticks(Owned& owned, ports::Offset up_to) {
  while (owned.ticks_done < owned.ticks.size() && owned.ticks[owned.ticks_done].position <= up_to) {
    owned.clock->tick(owned.ticks[owned.ticks_done++].time);
  }
}

void Worker::stamp(DecodedRecord& record, Clock& clock) {
  const auto day_of_clock = [&](EventTime now) {
    if (now != last_clock_seen_) {
      last_clock_seen_ = now;
      last_day_seen_ = topology_.day(now);
    }
    return last_day_seen_;
  };
  record.clock_before = clock.now();
  record.day_before = day_of_clock(record.clock_before);
  refuse_future(record);
  if (record.decoded) clock.observe(record.event.time);
  record.clock_after = clock.now();
  record.day_after = day_of_clock(record.clock_after);
}

/// Live, a time too far ahead of the broker's own timestamp is refused; both are in the log, so a
/// recovery decides the same.
void Worker::refuse_future(DecodedRecord& record) const {
  if (options_.future_ms_max == 0 || !record.decoded || record.raw->timestamp_ms < 0) return;
  const std::int64_t ahead_ms =
      record.event.time.time_since_epoch().count() - record.raw->timestamp_ms;
  if (ahead_ms <= options_.future_ms_max) return;
  record.decoded = false;
  record.error = Error{Errc::time_in_future, "time"};
}

/// Applies what was routed to each task, and lets timers fire.
Result<void> Worker::apply_routed() {
  for (const auto& owned : owned_) {
    if (!owned) continue;
    if (auto applied = owned->task->apply(owned->routed, out_); !applied) return applied.error();
    owned->routed.clear();
  }
  for (const auto& owned : owned_) {
    if (!owned) continue;
    const ports::Offset next = next_of(*owned);
    const ports::Offset committed = owned->task->positions().committed;
    // With one clock the input starts at the earliest recover_from: the others wait for theirs.
    if (next < owned->task->positions().applied) continue;
    if (owned->recovering) repeat_ticks(*owned, next);
    const bool silent = owned->recovering && next <= committed;
    if (auto ended = owned->task->end_batch(next, owned->clock->state(), silent, out_); !ended) {
      return ended.error();
    }
    if (next >= committed) owned->recovering = false;
  }
  return {};
}

void Worker::note_activity(const DecodedBatch& batch) {
  const auto now = std::chrono::steady_clock::now();
  for (const DecodedRecord& record : batch.records) {
    if (Owned* const owned = owner_of(record); owned != nullptr) owned->last_record = now;
  }
}

/// A partition without events for a while has no clock but this machine's. A partition that is
/// merely behind has one: its events.
Result<void> Worker::tick_idle() {
  check(!one_clock_, "only a partition with a clock of its own ticks");
  const auto steady_now = std::chrono::steady_clock::now();
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (const auto& owned : owned_) {
    if (!owned || owned->recovering) continue;
    if (steady_now - owned->last_record < options_.tick_after_idle) continue;
    // Timers are counted in days: a tick within the same day would change nothing.
    if (topology_.day(now) <= topology_.day(owned->clock->now())) continue;
    if (owned->clock->now() == EventTime{}) continue;  // Nothing was seen yet.
    owned->clock->tick(now);
    owned->task->tick(now);
    uncommitted_ = true;
    if (auto fired = owned->task->end_batch(owned->next, owned->clock->state(), false, out_);
        !fired) {
      return fired.error();
    }
  }
  return {};
}

}  // namespace fealty::runtime
