#include "prefetcher.hpp"

#include <pthread.h>

#include <utility>

namespace fealty::files {
namespace {

constexpr std::size_t blocks_ahead = 1;
constexpr std::chrono::milliseconds wait_at_most{1000};

}  // namespace

Result<Next> DirectFeed::take(Block& block, std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + timeout;
  while (true) {
    auto next = logs_.next(block);
    if (!next || *next != Next::nothing_yet) return next;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return Next::nothing_yet;
    watcher_.wait(left, logs_.pipe_fd());
  }
}

Prefetcher::Prefetcher(LogSequence& logs, Watcher& watcher)
    : logs_{logs}, watcher_{watcher}, free_(blocks_ahead), thread_{[this] { run(); }} {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  watcher_.wake();
  thread_.join();
}

/// Reads the next block into `block`; false where there is none to come or the thread is to stop.
bool Prefetcher::read_one(Block& block) {
  while (true) {
    auto next = logs_.next(block);
    if (next && *next == Next::block) return true;
    if (!next || *next == Next::ended) {
      const std::lock_guard lock{mutex_};
      last_ = std::move(next);
      return false;
    }
    watcher_.wait(wait_at_most, logs_.pipe_fd());
    const std::lock_guard lock{mutex_};
    if (stop_) return false;
  }
}

void Prefetcher::run() {
  pthread_setname_np(pthread_self(), "fealty-read");
  while (true) {
    Block block;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return stop_ || !free_.empty(); });
      if (stop_) return;
      block = std::move(free_.back());
      free_.pop_back();
    }
    const bool more = read_one(block);
    if (more) {
      const std::lock_guard lock{mutex_};
      ready_.push_back(std::move(block));
    }
    changed_.notify_all();
    if (!more) return;
  }
}

Result<Next> Prefetcher::take(Block& block, std::chrono::milliseconds timeout) {
  {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, timeout, [&] { return !ready_.empty() || last_.has_value(); });
    if (ready_.empty()) return last_ ? *last_ : Result<Next>{Next::nothing_yet};
    std::swap(block, ready_.front());
    free_.push_back(std::move(ready_.front()));
    ready_.pop_front();
  }
  changed_.notify_all();
  return Next::block;
}

}  // namespace fealty::files
