#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "fealty/ports/input.hpp"
#include "fealty/runtime/task.hpp"
#include "fealty/runtime/topology.hpp"

namespace fealty::runtime {

/// One poll of the source, decoded.
struct DecodedBatch {
  ports::InputBatch input;
  Arena texts;
  std::span<DecodedRecord> records;
  std::vector<DecodedRecord> storage;  // kept from batch to batch
  ports::Polled polled = ports::Polled::idle;
};

struct DecodedInputOptions {
  std::size_t records_max = 4096;  // a batch
  std::chrono::milliseconds poll_timeout{100};
  bool ahead = false;  // poll and decode on a thread of its own
  /// So far ahead, about: as long as the thread may lose its core to others without being missed.
  std::size_t ahead_records = std::size_t{16} * 1024;
};

/// Polls the source and decodes, on the caller's thread or ahead of it on one of its own.
///
/// Owns:    its batches and decoder; with `ahead` a thread, which alone calls the source's poll().
///          Borrows source and topology.
/// Threads: next() from one thread.
class DecodedInput {
 public:
  DecodedInput(ports::Source& source, const Topology& topology, DecodedInputOptions options);
  ~DecodedInput();
  DecodedInput(const DecodedInput&) = delete;
  DecodedInput& operator=(const DecodedInput&) = delete;

  /// The next batch; good until the next call. After `ended` or an error, call it no more.
  Result<DecodedBatch*> next();

 private:
  Result<void> fill(DecodedBatch& batch);
  void run();

  ports::Source& source_;
  const DecodedInputOptions options_;
  std::unique_ptr<codec::Decoder> decoder_;

  std::deque<DecodedBatch> batches_;
  DecodedBatch* lent_ = nullptr;

  // Only with `ahead`.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<DecodedBatch*> free_, ready_;
  std::optional<Error> failed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fealty::runtime
