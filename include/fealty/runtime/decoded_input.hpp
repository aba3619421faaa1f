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
  bool withdrawn = false;                 // its partition has gone since: not ours to look at
  Error error{};                          // where not `decoded`
  std::span<const codec::OddPath> odd{};  // where `decoded`: what of it was left out
};

/// One poll of the source, decoded.
struct DecodedBatch {
  ports::InputBatch input;
  Arena texts;
  std::span<DecodedRecord> records;
  std::vector<DecodedRecord> storage;  // kept from batch to batch
  ports::Polled polled = ports::Polled::idle;
  std::size_t at = 0;  // records before it are worked off
  bool ready = false;  // decoded: DecodedInput's own
};

/// Decodes batch.input into batch.records, one for each of its records, none of them worked off.
/// Without a decoder they are there and not decoded.
void decode(codec::Decoder* decoder, DecodedBatch& batch);

struct DecodedInputOptions {
  std::size_t records_max = 4096;  // a batch
  std::chrono::milliseconds poll_timeout{100};
  /// Threads that poll and decode ahead, each a batch at a time; 0 = the caller's does both.
  std::uint32_t threads = 0;
  /// So far ahead, about: as long as a thread may lose its core to others without being missed. At
  /// least a batch for each thread and two that are ready.
  std::size_t ahead_records = std::size_t{16} * 1024;
};

/// Polls the source and decodes, unless there is no decoder, on the caller's thread or ahead of it
/// on threads of its own: they poll one after another, decode side by side, and batches come in the
/// order in which they were polled.
///
/// Owns:    its batches, and for each thread a decoder. With `threads`, these alone call the
///          source's poll(), one at a time: such a source assigns in open() only. Borrows the
///          source.
/// Threads: one caller.
class DecodedInput {
 public:
  /// Answers nullptr where nothing is to be decoded.
  using MakeDecoder = std::function<std::unique_ptr<codec::Decoder>()>;
  DecodedInput(ports::Source& source, const MakeDecoder& decoder, DecodedInputOptions options);
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
  [[nodiscard]] bool ahead() const { return !threads_.empty(); }
  Result<void> poll(DecodedBatch& batch, std::chrono::milliseconds timeout);
  void run(codec::Decoder* decoder);
  DecodedBatch* poll_ahead();

  ports::Source& source_;
  const DecodedInputOptions options_;
  std::vector<std::unique_ptr<codec::Decoder>> decoders_;  // one a thread
  std::deque<DecodedBatch> batches_;
  DecodedBatch* lent_ = nullptr;
  ports::InputBatch unused_;

  // Only with threads.
  std::mutex polling_;  // whose turn it is; held when mutex_ is taken, never the other way round
  std::mutex mutex_;    // guards what follows, and DecodedBatch::ready
  std::condition_variable changed_;
  std::deque<DecodedBatch*> free_, polled_;
  std::optional<Error> failed_;
  bool ending_ = false;  // nothing more is to be polled
  std::vector<std::thread> threads_;
};

}  // namespace fealty::runtime
