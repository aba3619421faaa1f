#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/event/event.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::runtime {

/// One input record after decoding.
struct DecodedRecord {
  const ports::InputRecord* raw = nullptr;
  event::Event event;            // where `decoded`
  std::uint64_t member_key = 0;  // of its member, likewise; see seed.hpp
  bool decoded = false;
  bool withdrawn = false;  // its partition has gone since: not ours to look at
  Error error{};           // where not `decoded`
};

/// One poll of the source, decoded.
struct DecodedBatch {
  ports::InputBatch input;
  Arena texts;
  std::span<DecodedRecord> records;
  std::vector<DecodedRecord> storage;  // kept from batch to batch
  ports::Polled polled = ports::Polled::idle;
  std::size_t at = 0;  // records before it are worked off
};

/// Decodes batch.input into batch.records, one for each of its records, none of them worked off.
/// Without a decoder they are there and not decoded.
void decode(codec::Decoder* decoder, DecodedBatch& batch);

struct DecodedInputOptions {
  std::size_t records_max = 4096;  // a batch
  std::chrono::milliseconds poll_timeout{100};
  bool ahead = false;  // poll and decode on a thread of its own
  /// So far ahead, about: as long as the thread may lose its core to others without being missed.
  std::size_t ahead_records = std::size_t{16} * 1024;
};

/// Polls the source and decodes, unless it has no decoder, on the caller's thread or ahead of it on
/// one of its own.
///
/// Owns:    its batches and decoder; with `ahead` a thread, which alone calls the source's poll():
///          such a source assigns in open() only. Borrows the source.
/// Threads: one caller.
class DecodedInput {
 public:
  DecodedInput(ports::Source& source, std::unique_ptr<codec::Decoder> decoder,
               DecodedInputOptions options);
  ~DecodedInput();
  DecodedInput(const DecodedInput&) = delete;
  DecodedInput& operator=(const DecodedInput&) = delete;

  /// The next batch; good until the next call. `wait`: for the first record, or not at all. After
  /// `ended` or an error, call it no more.
  enum class Wait : bool { no, yes };
  Result<DecodedBatch*> next(Wait wait);
  /// Lets the source answer its group while a batch takes long.
  Result<void> serve();

 private:
  Result<void> fill(DecodedBatch& batch, std::chrono::milliseconds timeout);
  void run();

  ports::Source& source_;
  const DecodedInputOptions options_;
  const std::unique_ptr<codec::Decoder> decoder_;

  std::deque<DecodedBatch> batches_;
  DecodedBatch* lent_ = nullptr;
  ports::InputBatch unused_;

  // Only with `ahead`.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<DecodedBatch*> free_, ready_;
  std::optional<Error> failed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fealty::runtime
