#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::runtime {

/// None of these can change an outcome.
struct CommitPipelineOptions {
  std::size_t queue_bytes_max = std::size_t{64} << 20U;  // of output on its way to the sink
  /// Empty: a thread of its own calls the sink. Else the caller's does, each call so many steps
  /// after it was queued (a step is a call of committed()): 0 = at once, for a process of one
  /// thread; else for a simulation that can be repeated.
  std::function<std::uint32_t()> steps_behind{};
  /// Called on the caller's thread now and then while it waits for the sink's; may be left out.
  std::function<void()> while_waiting{};
};

/// The way to the sink: what is appended and committed is queued, and done in that order while the
/// caller goes on. At most one commit is in flight, that is queued and its outcome not yet taken;
/// what is appended behind it belongs to the next one. A full queue makes the caller wait.
///
/// Owns:    queue, buffers and the thread that alone calls the sink, which is borrowed. Its end
///          waits for the call under way and drops what is queued.
/// Threads: one caller.
/// Errors:  the sink's. The first one drops what is queued behind it and is the answer of every
///          call until abort(), but for committed(), which first tells of a commit done before.
class CommitPipeline {
 public:
  CommitPipeline(ports::Sink& sink, CommitPipelineOptions options);
  ~CommitPipeline();
  CommitPipeline(const CommitPipeline&) = delete;
  CommitPipeline& operator=(const CommitPipeline&) = delete;

  /// Takes all of `out` and leaves it empty, with the memory of an earlier buffer.
  Result<void> append(ports::OutputBuffer& out);
  /// Commits everything appended so far, with these positions. None may be in flight.
  Result<void> commit(std::span<const ports::CommitPosition> positions);
  [[nodiscard]] bool committing() const { return committing_; }
  enum class Wait : bool { no, yes };
  /// Takes the outcome of the commit in flight: true where it is done; then `positions` are the
  /// commit's, with what the sink filled in. Wait::yes returns false only where none is in flight.
  Result<bool> committed(Wait wait, std::vector<ports::CommitPosition>& positions);
  /// Drops what is queued and what the sink took since the last commit. No commit may be in flight,
  /// unless it failed.
  Result<void> abort();
  /// Of the outputs that the sink has not taken yet. Any thread may ask.
  [[nodiscard]] std::size_t queued_bytes() const;

 private:
  enum class Call : std::uint8_t { append, commit, abort };
  struct Command {
    Call call = Call::append;
    ports::OutputBuffer out;
    std::vector<ports::CommitPosition> positions;
    std::uint64_t due = 0;  // the step at which it is done; only without a thread
  };
  using Lock = std::unique_lock<std::mutex>;
  [[nodiscard]] bool threaded() const { return !options_.steps_behind; }
  void run();
  void push(Command command, Lock& lock);
  void do_due(Lock& lock);
  void do_first(Lock& lock);
  Result<void> call_sink(Command& command);
  template <class Condition>
  void until(Lock& lock, Condition condition);
  void drop_queued();
  void take_spare(std::size_t bytes, ports::OutputBuffer& out);
  void recycle(Command& command);
  [[nodiscard]] Result<void> standing() const { return failed_ ? *failed_ : Result<void>{}; }

  ports::Sink& sink_;
  const CommitPipelineOptions options_;
  bool committing_ = false;  // the caller's own
  std::uint64_t step_ = 0;   // likewise

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Command> queue_;
  std::size_t queued_bytes_ = 0;  // the call under way included
  bool busy_ = false;             // a call is under way
  bool done_ = false;             // a commit is, and nobody has asked yet
  std::vector<ports::CommitPosition> done_positions_;
  std::optional<Error> failed_;
  std::vector<ports::OutputBuffer> spare_;
  std::size_t spare_bytes_ = 0;  // memory that they keep
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fealty::runtime
