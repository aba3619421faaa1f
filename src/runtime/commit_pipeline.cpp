#include "fealty/runtime/commit_pipeline.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "fealty/base/check.hpp"

namespace fealty::runtime {

CommitPipeline::CommitPipeline(ports::Sink& sink, CommitPipelineOptions options)
    : sink_{sink}, options_{std::move(options)} {
  if (threaded()) thread_ = std::thread{[this] { run(); }};
}

CommitPipeline::~CommitPipeline() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<void> CommitPipeline::append(ports::OutputBuffer& out) {
  Lock lock{mutex_};
  until(lock, [&] {
    return failed_ || queued_bytes_ == 0 || queued_bytes_ + out.bytes() <= options_.queue_bytes_max;
  });
  if (failed_) return *failed_;
  Command command;
  std::swap(command.out, out);
  take_spare(command.out.capacity_bytes(), out);
  queued_bytes_ += command.out.bytes();
  push(std::move(command), lock);
  return standing();
}

Result<void> CommitPipeline::commit(std::span<const ports::CommitPosition> positions) {
  check(!committing_, "one commit at a time");
  Lock lock{mutex_};
  if (failed_) return *failed_;
  committing_ = true;
  Command command;
  command.call = Call::commit;
  command.positions.assign(positions.begin(), positions.end());
  push(std::move(command), lock);
  return standing();
}

Result<bool> CommitPipeline::committed(Wait wait, std::vector<ports::CommitPosition>& positions) {
  Lock lock{mutex_};
  ++step_;
  do_due(lock);
  if (wait == Wait::yes && committing_) until(lock, [&] { return done_ || failed_; });
  if (done_) {
    positions.swap(done_positions_);
    done_ = committing_ = false;
    return true;
  }
  if (failed_) return *failed_;
  return false;
}

Result<void> CommitPipeline::abort() {
  Lock lock{mutex_};
  check(!committing_ || (failed_ && !done_), "the outcome of a commit is taken before an abort");
  drop_queued();
  until(lock, [&] { return !busy_; });
  failed_.reset();
  committing_ = false;
  Command command;
  command.call = Call::abort;
  push(std::move(command), lock);
  until(lock, [&] { return queue_.empty() && !busy_; });
  return standing();
}

std::size_t CommitPipeline::queued_bytes() const {
  const std::lock_guard lock{mutex_};
  return queued_bytes_;
}

void CommitPipeline::run() {
  pthread_setname_np(pthread_self(), "fealty-sink");
  Lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    do_first(lock);
  }
}

void CommitPipeline::push(Command command, Lock& lock) {
  if (!threaded()) command.due = step_ + options_.steps_behind();
  queue_.push_back(std::move(command));
  changed_.notify_all();
  do_due(lock);
}

/// Without a thread: what has waited long enough, and stands behind nothing that has not.
void CommitPipeline::do_due(Lock& lock) {
  while (!threaded() && !queue_.empty() && queue_.front().due <= step_) do_first(lock);
}

void CommitPipeline::do_first(Lock& lock) {
  Command command = std::move(queue_.front());
  queue_.pop_front();
  busy_ = true;
  lock.unlock();
  Result<void> outcome = call_sink(command);
  lock.lock();
  busy_ = false;
  recycle(command);
  if (!outcome) {
    failed_ = outcome.error();
    drop_queued();
  } else if (command.call == Call::commit) {
    done_ = true;
    done_positions_.swap(command.positions);
  }
  changed_.notify_all();
}

Result<void> CommitPipeline::call_sink(Command& command) {
  switch (command.call) {
    case Call::append:
      return sink_.append(command.out);
    case Call::commit:
      return sink_.commit(command.positions);
    case Call::abort:
      return sink_.abort();
  }
  return {};
}

/// Waits for the thread, or without one does what is queued.
template <class Condition>
void CommitPipeline::until(Lock& lock, Condition condition) {
  if (threaded()) {
    constexpr std::chrono::milliseconds between{100};
    while (!changed_.wait_for(lock, between, condition)) {
      if (!options_.while_waiting) continue;
      lock.unlock();
      options_.while_waiting();
      lock.lock();
    }
    return;
  }
  while (!condition()) {
    check(!queue_.empty(), "only what is queued is waited for");
    do_first(lock);
  }
}

void CommitPipeline::drop_queued() {
  for (Command& command : queue_) recycle(command);
  queue_.clear();
}

/// Gives back a buffer about as large as the one just taken: the small ones of a batch and the
/// large ones of a commit take turns.
void CommitPipeline::take_spare(std::size_t bytes, ports::OutputBuffer& out) {
  if (spare_.empty()) return;
  const auto off = [bytes](const ports::OutputBuffer& buffer) {
    const std::size_t has = buffer.capacity_bytes();
    return has < bytes ? bytes - has : has - bytes;
  };
  const auto nearest = std::min_element(
      spare_.begin(), spare_.end(), [&](const auto& a, const auto& b) { return off(a) < off(b); });
  std::swap(out, *nearest);
  std::swap(*nearest, spare_.back());
  spare_.pop_back();
  spare_bytes_ -= out.capacity_bytes();
}

/// Keeps the memory for the next output, up to what may be queued at all.
void CommitPipeline::recycle(Command& command) {
  if (command.call != Call::append) return;
  queued_bytes_ -= command.out.bytes();
  command.out.clear();
  command.out.shrink_to(options_.queue_bytes_max -
                        std::min(spare_bytes_, options_.queue_bytes_max));
  const std::size_t bytes = command.out.capacity_bytes();
  if (bytes == 0) return;
  spare_bytes_ += bytes;
  spare_.push_back(std::move(command.out));
}

}  // namespace fealty::runtime
