#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/ports/input.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/commit_pipeline.hpp"
#include "fealty/runtime/decoded_input.hpp"
#include "fealty/runtime/machine_clock.hpp"
#include "fealty/runtime/processor.hpp"
#include "fealty/runtime/setbacks.hpp"

namespace fealty::runtime {

/// When to commit. Nothing here can change an outcome.
struct CommitPolicy {
  std::uint64_t events_max = 500'000;  // at least this often
  /// And this often; 0 = by events only. Behind its input, after five times as long, but at most a
  /// second more.
  std::chrono::milliseconds interval{0};
  /// An input that stands still: whether something is due is looked at this often.
  std::chrono::milliseconds idle{60'000};
};

struct CommitLoopOptions {
  DecodedInputOptions input;
  CommitPipelineOptions pipeline;
  CommitPolicy commit;
  SetbackPolicy setbacks;
  MachineClock clock;
};

/// For whoever watches a run. Called on its thread; each may be left out.
struct CommitLoopHooks {
  /// The input has ended and all of it is processed, before the last save.
  std::function<void()> on_applied;
  /// False: what was read may yet turn out to be no input of this run; nothing is committed as long
  /// as memory lasts.
  std::function<bool()> may_commit;
  /// False: nobody will read what would be saved last, for the stores end with the process. Asked
  /// once all of the input is processed, or the run is stopped.
  std::function<bool()> saves_at_end;
  /// All that is processed goes into the commit that is about to be asked for.
  std::function<void()> on_prepared;
  /// After each batch and each commit.
  std::function<void()> on_progress;
  /// The outputs of some batches, before they go to the sink.
  std::function<void(const ports::OutputBuffer&)> on_outputs;
};

/// Source -> decode -> Processor -> sink: batches, positions, rebalances, a commit in flight, and a
/// restart after one that was aborted. Knows nothing of what the records are about.
///
/// A commit is handed to the pipeline and processing goes on; its outcome is taken between two
/// batches. One is in flight at most. A rebalance and the end of a run wait for it, and so does a
/// processor that is over its budget.
///
/// Owns:    pipeline and input. Borrows source, sink and processor.
/// Threads: one, besides the pipeline's and decode threads where asked for.
/// Errors:  whatever stops it; an aborted transaction restarts the processor and is no error, up to
///          the bounds of SetbackPolicy. After an error nothing more is asked of partitions.
class CommitLoop final : private ports::AssignmentListener {
 public:
  /// Answers nullptr where the processor decodes by itself.
  using MakeDecoder = DecodedInput::MakeDecoder;
  CommitLoop(ports::Source& source, MakeDecoder decoder, Processor& processor, ports::Sink& sink,
             CommitLoopOptions options);
  ~CommitLoop() override;

  CommitLoopHooks hooks;

  /// Runs until the input ends or `stop` is set, then saves everything (see hooks) and commits.
  /// Where that commit is aborted, what it held is applied again first: for
  /// SetbackPolicy::stop_wait at most, then that is the error.
  Result<void> run(const std::atomic<bool>& stop);

  /// False while nothing goes on that should: commits are aborted in a row, one takes very long, or
  /// the bus is away. On the thread of run(), by a hook.
  [[nodiscard]] bool healthy() const;
  [[nodiscard]] std::uint64_t commits() const { return progress_.commits; }
  [[nodiscard]] std::uint64_t aborts() const { return progress_.aborts; }
  /// Since the last commit went through, or the loop was made.
  [[nodiscard]] std::chrono::milliseconds commit_age() const;

 private:
  /// Since the last commit was started.
  struct Open {
    std::uint64_t records = 0;
    bool sent = false;     // outputs
    bool changed = false;  // there is something to commit
    bool behind = true;    // every batch was full: more is waiting
  };
  struct Progress {
    std::uint64_t commits = 0, aborts = 0;
    MachineClock::Steady last_commit{};   // started
    MachineClock::Steady committed_at{};  // or the loop was made
    bool over_budget = false;             // at the last step, too
    bool opening = false;                 // partitions, as the batch under way was asked for
    bool commit_soon = false;  // partitions came: nothing may stay open while they are opened
  };

  Result<void> on_assigned(std::span<const ports::Assignment> partitions) override;
  Result<void> on_revoked(std::span<const std::uint32_t> partitions, bool lost) override;
  void withdraw(std::span<const std::uint32_t> partitions);
  Result<void> run_to_the_end(const std::atomic<bool>& stop);
  Result<void> loop(const std::atomic<bool>& stop);
  [[nodiscard]] bool ends(const std::atomic<bool>& stop) const;
  [[nodiscard]] bool waited_out();
  Result<bool> step(DecodedInput& input);
  Result<bool> take_batch(DecodedInput& input);
  Result<bool> open_partitions();
  [[nodiscard]] bool holding_off() const;
  Result<bool> hold_off();
  Result<void> finish_batch();
  Result<void> restart(const Error& why);
  CommitPipelineOptions watched(CommitPipelineOptions options);
  void while_waiting();
  Result<void> commit_if_due();
  Result<void> make_room();
  [[nodiscard]] bool commit_due() const;
  Result<void> start_commit(const Flush& flush);
  Result<void> take_commit(CommitPipeline::Wait wait);
  Result<void> commit_all(const Flush& flush);
  Result<void> send_outputs();

  ports::Source& source_;
  const MakeDecoder decoder_;
  Processor& processor_;
  const CommitLoopOptions options_;
  ports::Sink& sink_;
  DecodedBatch* batch_ = nullptr;   // being worked off
  ports::InputBatch held_off_;      // always empty
  ports::OutputBuffer out_;         // of batches
  ports::OutputBuffer commit_out_;  // of a commit: larger, so they keep memory of their own
  std::vector<ports::CommitPosition> positions_;
  Open open_;
  Progress progress_;
  Setbacks setbacks_;
  const std::atomic<bool>* stop_ = nullptr;  // of the run
  MachineClock::Steady stopping_since_{};
  std::optional<Error> last_abort_;  // of the last commit of a run that is stopped
  bool failed_ = false;
  CommitPipeline pipeline_;  // the first to end
};

}  // namespace fealty::runtime
