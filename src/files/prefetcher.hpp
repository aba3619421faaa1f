#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "log_sequence.hpp"
#include "watcher.hpp"

namespace fealty::files {

/// Blocks of a sequence, in order; where the two implementations differ is when they read.
class BlockFeed {
 public:
  virtual ~BlockFeed() = default;
  /// Swaps the next block into `block`; waits for it up to `timeout`.
  virtual Result<Next> take(Block& block, std::chrono::milliseconds timeout) = 0;
};

/// Reads when asked. Borrows both.
class DirectFeed final : public BlockFeed {
 public:
  DirectFeed(LogSequence& logs, Watcher& watcher) : logs_{logs}, watcher_{watcher} {}
  Result<Next> take(Block& block, std::chrono::milliseconds timeout) override;

 private:
  LogSequence& logs_;
  Watcher& watcher_;
};

/// Reads ahead in a thread of its own, a few blocks at most.
/// Owns: the thread, which alone uses `logs` and waits on `watcher` while this lives.
/// Threads: take() from one.
class Prefetcher final : public BlockFeed {
 public:
  Prefetcher(LogSequence& logs, Watcher& watcher);
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;
  ~Prefetcher() override;
  Result<Next> take(Block& block, std::chrono::milliseconds timeout) override;

 private:
  void run();
  bool read_one(Block& block);

  LogSequence& logs_;
  Watcher& watcher_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Block> free_;  // under mutex_, like all that follows
  std::deque<Block> ready_;
  std::optional<Result<Next>> last_;  // ended or failed: no more blocks will come
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace fealty::files
