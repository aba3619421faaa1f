// CommitLoop: when and how it commits.
#include <algorithm>
#include <chrono>
#include <utility>

#include "fealty/log/log.hpp"
#include "fealty/runtime/commit_loop.hpp"

namespace fealty::runtime {
namespace {

using Wait = CommitPipeline::Wait;

/// What is behind its input anyway waits for several intervals, but for a long one hardly more: a
/// transaction that stays open for too long is aborted.
constexpr int intervals_when_behind = 5;
constexpr std::chrono::milliseconds longer_when_behind_max{1000};

std::int64_t ms(MachineClock::Steady::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

Result<void> CommitLoop::commit_if_due() {
  if (auto taken = take_commit(Wait::no); !taken) return taken;
  if (auto made = make_room(); !made) return made;
  if (pipeline_.committing()) {
    // The next one waits for it, with twice its share at most.
    if (open_.records < 2 * options_.commit.events_max && !progress_.commit_soon) return {};
    if (auto taken = take_commit(Wait::yes); !taken) return taken;
  }
  return commit_due() ? start_commit({}) : Result<void>{};
}

/// Keeps the processor within its budget. Full of what is not saved, it brings the next commit
/// forward, which saves the older half of that, or all where that was not enough.
Result<void> CommitLoop::make_room() {
  bool over = processor_.over_budget();
  if (over && pipeline_.committing()) {
    if (auto taken = take_commit(Wait::yes); !taken) return taken;
    over = processor_.over_budget();
  }
  const bool again = std::exchange(progress_.over_budget, over);
  if (!over) return {};
  return start_commit({.share = again ? Flush::Share::all : Flush::Share::half});
}

bool CommitLoop::commit_due() const {
  if (hooks.may_commit && !hooks.may_commit()) return false;
  const auto waited = options_.clock.steady() - progress_.last_commit;
  if (!open_.changed) {
    // An idle input: what is still unsaved follows once it is old enough.
    return waited >= options_.commit.idle && processor_.unsaved({});
  }
  if (open_.records >= options_.commit.events_max || progress_.commit_soon) return true;
  if (options_.commit.interval.count() == 0) return false;
  // Behind its input, a worker commits larger shares: each commit costs about the same.
  const auto interval = options_.commit.interval;
  const auto longer = std::min(interval * (intervals_when_behind - 1), longer_when_behind_max);
  return waited >= (open_.behind ? interval + longer : interval);
}

/// Hands outputs, saved versions and positions to the pipeline; processing may go on at once.
Result<void> CommitLoop::start_commit(const Flush& flush) {
  const auto now = options_.clock.steady();
  if (auto sent = send_outputs(); !sent) return sent;
  commit_out_.clear();
  positions_.clear();
  processor_.prepare(flush, commit_out_, positions_);
  if (hooks.on_prepared) hooks.on_prepared();
  if (!commit_out_.empty()) {
    if (auto sent = pipeline_.append(commit_out_); !sent) return sent;
  }
  if (auto queued = pipeline_.commit(positions_); !queued) return queued;
  open_ = {};
  progress_.commit_soon = false;
  progress_.last_commit = now;
  return {};
}

/// Where the commit in flight is done, the processor learns of it.
Result<void> CommitLoop::take_commit(Wait wait) {
  const auto taken = pipeline_.committed(wait, positions_);
  if (!taken) return taken.error();
  if (!*taken) return {};
  ++progress_.commits;
  progress_.committed_at = options_.clock.steady();
  setbacks_.committed(positions_);
  log::debug("run.committed", {{"commit", progress_.commits},
                               {"took_ms", ms(options_.clock.steady() - progress_.last_commit)},
                               {"records_since", open_.records}});
  return processor_.committed(positions_);
}

/// Commits until everything that the flush asks for is saved; once at least.
Result<void> CommitLoop::commit_all(const Flush& flush) {
  do {
    if (auto taken = take_commit(Wait::yes); !taken) return taken;
    if (auto started = start_commit(flush); !started) return started;
    if (auto taken = take_commit(Wait::yes); !taken) return taken;
  } while (processor_.unsaved(flush));
  return {};
}

}  // namespace fealty::runtime
