#include "fealty/runtime/commit_loop.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "fealty/log/log.hpp"

namespace fealty::runtime {
namespace {

using Wait = CommitPipeline::Wait;

constexpr std::size_t send_bytes_least = std::size_t{256} << 10U;
constexpr std::chrono::milliseconds open_budget{50};          // between two batches
constexpr std::chrono::milliseconds open_budget_first{1000};  // before the first
constexpr std::chrono::milliseconds hold_off_slice{100};      // between two looks at stop

}  // namespace

CommitLoop::CommitLoop(ports::Source& source, MakeDecoder decoder, Processor& processor,
                       ports::Sink& sink, CommitLoopOptions options)
    : source_{source},
      decoder_{std::move(decoder)},
      processor_{processor},
      options_{std::move(options)},
      sink_{sink},
      setbacks_{options_.setbacks},
      pipeline_{sink, watched(options_.pipeline)} {
  progress_.last_commit = options_.clock.steady();
  progress_.committed_at = progress_.last_commit;
}

std::chrono::milliseconds CommitLoop::commit_age() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(options_.clock.steady() -
                                                               progress_.committed_at);
}

CommitLoop::~CommitLoop() {
  if (failed_) sink_.interrupt();  // Nobody is left who would wait for its outcome.
}

Result<void> CommitLoop::run(const std::atomic<bool>& stop) {
  stop_ = &stop;
  auto ran = run_to_the_end(stop);
  failed_ = !ran;
  return ran;
}

Result<void> CommitLoop::run_to_the_end(const std::atomic<bool>& stop) {
  if (auto opened = source_.open(*this); !opened) return opened.error();
  // As a rule what is assigned from the beginning is ready before the first record is asked for.
  if (const auto left = processor_.open(open_budget_first); !left) return left.error();
  while (true) {
    if (auto looped = loop(stop); !looped) return looped.error();
    if (hooks.may_commit && !hooks.may_commit()) return {};  // Stopped: what is committed stands.
    if (hooks.on_applied && !stop.load(std::memory_order_relaxed)) hooks.on_applied();
    const bool saves = !hooks.saves_at_end || hooks.saves_at_end();
    auto committed = commit_all({.share = saves ? Flush::Share::all : Flush::Share::due});
    if (committed || disposition(committed.error().code) != Disposition::restart_task) {
      return committed;
    }
    // The last commit was aborted: what it held is applied again, unless there is no time for it.
    if (auto restarted = restart(committed.error()); !restarted) return restarted.error();
    if (!stop.load(std::memory_order_relaxed)) continue;
    last_abort_ = committed.error();
    if (waited_out()) return *last_abort_;
  }
}

/// Whoever is stopped and has nothing to apply again reads no more.
bool CommitLoop::ends(const std::atomic<bool>& stop) const {
  return stop.load(std::memory_order_relaxed) && !(last_abort_ && processor_.repeats());
}

/// Since it was first seen that a stop takes time.
bool CommitLoop::waited_out() {
  const auto now = options_.clock.steady();
  if (stopping_since_ == MachineClock::Steady{}) stopping_since_ = now;
  return now - stopping_since_ >= options_.setbacks.stop_wait;
}

Result<void> CommitLoop::loop(const std::atomic<bool>& stop) {
  DecodedInput input{source_, decoder_, options_.input};
  batch_ = nullptr;
  while (!ends(stop)) {
    if (last_abort_ && waited_out()) return *last_abort_;
    auto more = holding_off() ? hold_off() : step(input);
    if (!more && disposition(more.error().code) == Disposition::restart_task) {
      if (auto restarted = restart(more.error()); !restarted) return restarted.error();
      more = true;
    }
    if (!more) return more.error();
    if (hooks.on_progress) hooks.on_progress();
    if (!*more) return {};
  }
  return {};
}

/// A batch, or as much of one as goes in one piece; false where that was the last.
Result<bool> CommitLoop::step(DecodedInput& input) {
  const auto opening = take_batch(input);
  if (!opening) return opening;
  const auto done = processor_.process(*batch_, out_);
  if (!done) return done.error();
  bool ended = false;
  if (*done) {
    ended = batch_->polled == ports::Polled::ended && !*opening;
    if (auto finished = finish_batch(); !finished) return finished.error();
  }
  open_.changed = open_.changed || !*done;
  // Often enough for the pipeline to keep up, seldom enough that waking it costs little.
  if (out_.bytes() >= send_bytes_least) {
    if (auto sent = send_outputs(); !sent) return sent.error();
  }
  if (auto committed = commit_if_due(); !committed) return committed.error();
  return !ended;
}

/// True while partitions are being opened: nobody waits for records then. None becomes ready within
/// a batch, which may hold records of it from where it was being read before.
Result<bool> CommitLoop::take_batch(DecodedInput& input) {
  if (batch_ != nullptr) {
    if (auto served = input.serve(); !served) return served.error();
    return progress_.opening;
  }
  const auto opening = open_partitions();
  if (!opening) return opening;
  progress_.opening = *opening;
  const bool goes_on = *opening && setbacks_.open_at() <= options_.clock.steady();
  const auto wait = goes_on ? DecodedInput::Wait::no : DecodedInput::Wait::yes;
  const auto next = input.next(wait);
  if (!next) return next.error();
  batch_ = *next;
  return opening;
}

Result<bool> CommitLoop::open_partitions() {
  if (setbacks_.open_at() > options_.clock.steady()) return true;
  const auto opening = processor_.open(open_budget);
  if (opening) {
    if (!*opening) setbacks_.opened();
    return opening;
  }
  if (opening.error().code != Errc::broker_unreachable) return opening;
  if (auto waits = setbacks_.away(opening.error(), options_.clock.steady()); !waits) {
    return waits.error();
  }
  return true;
}

/// Between two batches only: one under way is worked off first.
bool CommitLoop::holding_off() const {
  return batch_ == nullptr && setbacks_.until() > options_.clock.steady();
}

/// Keeps the place in the group; nothing is read that would have to be read again.
Result<bool> CommitLoop::hold_off() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(setbacks_.until() -
                                                                          options_.clock.steady());
  const auto served =
      source_.poll(held_off_, 0, std::clamp(left, std::chrono::milliseconds{1}, hold_off_slice));
  if (!served) return served.error();
  if (auto taken = take_commit(Wait::no); !taken) return taken.error();
  return true;
}

bool CommitLoop::healthy() const {
  const bool slow = pipeline_.committing() &&
                    options_.clock.steady() - progress_.last_commit > options_.setbacks.commit_slow;
  return setbacks_.healthy() && !slow && source_.reachable();
}

CommitPipelineOptions CommitLoop::watched(CommitPipelineOptions options) {
  options.while_waiting = [this] { while_waiting(); };
  return options;
}

/// For the sink's thread: whoever wants to stop does not wait for brokers that are away.
void CommitLoop::while_waiting() {
  if (stop_ == nullptr || !stop_->load(std::memory_order_relaxed)) return;
  if (waited_out()) sink_.interrupt();
}

Result<void> CommitLoop::finish_batch() {
  const DecodedBatch& batch = *std::exchange(batch_, nullptr);
  if (batch.polled == ports::Polled::idle) {
    const auto advanced = processor_.advance();
    if (!advanced) return advanced.error();
    open_.changed = open_.changed || *advanced;
  }
  open_.changed = open_.changed || !batch.records.empty();
  open_.records += batch.records.size();
  if (batch.records.size() < options_.input.records_max) open_.behind = false;
  return {};
}

Result<void> CommitLoop::send_outputs() {
  if (out_.empty()) return {};
  if (hooks.on_outputs) hooks.on_outputs(out_);
  open_.sent = true;
  return pipeline_.append(out_);
}

Result<void> CommitLoop::on_assigned(std::span<const ports::Assignment> partitions) {
  std::vector<std::uint32_t> numbers;
  for (const auto& assignment : partitions) numbers.push_back(assignment.partition);
  withdraw(numbers);
  setbacks_.moved();
  // Restoring may take longer than a transaction may: commit what is open first.
  progress_.commit_soon = true;
  return processor_.assign(partitions);
}

Result<void> CommitLoop::on_revoked(std::span<const std::uint32_t> partitions, bool lost) {
  withdraw(partitions);
  // What is in flight holds these partitions, too.
  auto outcome = take_commit(Wait::yes);
  if (!lost) {
    if (!outcome) return outcome;
    auto committed = commit_all({.share = Flush::Share::all, .partitions = partitions});
    if (!committed) return committed;
  }
  processor_.revoke(partitions, lost);
  setbacks_.moved();
  // Outputs of a lost partition are not ours to commit: an abort drops them, those of others too.
  if (outcome && lost && (open_.sent || !out_.empty())) {
    outcome = Error{Errc::transaction_aborted, "partitions", "lost with outputs under way"};
  }
  return outcome;
}

/// What is left of the batch under way is from before the partitions moved.
void CommitLoop::withdraw(std::span<const std::uint32_t> partitions) {
  if (batch_ == nullptr) return;
  for (DecodedRecord& record : batch_->records.subspan(batch_->at)) {
    record.withdrawn = record.withdrawn || std::find(partitions.begin(), partitions.end(),
                                                     record.raw->partition) != partitions.end();
  }
}

/// After an abort nothing of the open commit is visible: the processor starts again from what is
/// committed.
Result<void> CommitLoop::restart(const Error& why) {
  ++progress_.aborts;
  // Those of this worker as of its last commit; a topic at fault stands in the reason.
  std::string partitions;
  for (const auto& position : positions_) {
    partitions.append(partitions.empty() ? "" : ",").append(std::to_string(position.partition));
  }
  const auto now = options_.clock.steady();
  if (auto goes_on = setbacks_.aborted(why, now, positions_, open_.sent); !goes_on) return goes_on;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(setbacks_.until() - now);
  log::warn("run.restarted", {{"aborts", progress_.aborts},
                              {"aborts_in_row", setbacks_.aborts_in_row()},
                              {"error", name(why.code)},
                              {"at", why.field},
                              {"reason", to_string(why)},
                              {"partitions", partitions},
                              {"next_try_ms", std::int64_t{wait.count()}}});
  // What was committed before the abort is not applied again.
  auto taken = take_commit(Wait::yes);
  if (!taken && disposition(taken.error().code) != Disposition::restart_task) return taken;
  if (auto aborted = pipeline_.abort(); !aborted) return aborted.error();
  out_.clear();
  open_ = {};
  batch_ = nullptr;
  return processor_.restart();
}

}  // namespace fealty::runtime
