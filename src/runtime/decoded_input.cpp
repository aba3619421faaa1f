#include "fealty/runtime/decoded_input.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "fealty/runtime/seed.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t batches_idle = 3;  // one lent, two ready

}  // namespace

DecodedInput::DecodedInput(ports::Source& source, const MakeDecoder& decoder,
                           DecodedInputOptions options)
    : source_{source}, options_{options} {
  const std::size_t threads = options_.threads;
  while (decoders_.size() < std::max<std::size_t>(threads, 1)) decoders_.push_back(decoder());
  batches_.emplace_back();
  if (threads == 0) return;
  const std::size_t wanted = options_.ahead_records / options_.records_max;
  while (batches_.size() < std::max(wanted, threads + batches_idle)) batches_.emplace_back();
  for (DecodedBatch& batch : batches_) free_.push_back(&batch);
  for (const auto& own : decoders_) {
    threads_.emplace_back([this, each = own.get()] { run(each); });
  }
}

DecodedInput::~DecodedInput() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Result<DecodedBatch*> DecodedInput::next(Wait wait) {
  if (!ahead()) {
    DecodedBatch& batch = batches_.front();
    const auto timeout = wait == Wait::yes ? options_.poll_timeout : std::chrono::milliseconds{0};
    if (auto polled = poll(batch, timeout); !polled) return polled.error();
    decode(decoders_.front().get(), batch);
    return &batch;
  }
  std::unique_lock lock{mutex_};
  if (lent_ != nullptr) free_.push_back(std::exchange(lent_, nullptr));
  // Once all are filled, the threads sleep until half of them are free: waking one costs time, too.
  if (free_.size() == batches_.size() / 2) changed_.notify_all();
  changed_.wait(lock,
                [this] { return polled_.empty() ? failed_.has_value() : polled_.front()->ready; });
  if (polled_.empty()) return *failed_;
  lent_ = polled_.front();
  polled_.pop_front();
  return lent_;
}

Result<void> DecodedInput::serve() {
  if (ahead()) return {};
  const auto served = source_.poll(unused_, 0, std::chrono::milliseconds{0});
  return served ? Result<void>{} : served.error();
}

void DecodedInput::run(codec::Decoder* decoder) {
  pthread_setname_np(pthread_self(), "fealty-decode");
  while (DecodedBatch* const batch = poll_ahead()) {
    decode(decoder, *batch);
    const std::lock_guard lock{mutex_};
    batch->ready = true;
    if (polled_.front() == batch) changed_.notify_all();  // else nobody waits for it
  }
}

/// Polls when its turn comes and a batch is free; nullptr where there is nothing more to poll.
DecodedBatch* DecodedInput::poll_ahead() {
  const std::lock_guard turn{polling_};
  std::unique_lock lock{mutex_};
  if (free_.empty()) {
    changed_.wait(lock, [this] { return free_.size() >= batches_.size() / 2 || ending_; });
  }
  if (ending_) return nullptr;
  DecodedBatch* const batch = free_.front();
  free_.pop_front();
  lock.unlock();
  const auto polled = poll(*batch, options_.poll_timeout);
  lock.lock();
  ending_ = ending_ || !polled || batch->polled == ports::Polled::ended;
  if (!polled) {
    failed_ = polled.error();
    changed_.notify_all();
    return nullptr;
  }
  batch->ready = false;
  polled_.push_back(batch);
  return batch;
}

Result<void> DecodedInput::poll(DecodedBatch& batch, std::chrono::milliseconds timeout) {
  const auto polled = source_.poll(batch.input, options_.records_max, timeout);
  if (!polled) return polled.error();
  batch.polled = *polled;
  return {};
}

void decode(codec::Decoder* decoder, DecodedBatch& batch) {
  batch.texts.reset();
  batch.at = 0;
  const std::size_t count = batch.input.records.size();
  if (batch.storage.size() < count) batch.storage.resize(count);
  batch.records = std::span{batch.storage}.first(count);
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const ports::InputRecord& raw = batch.input.records[i];
    DecodedRecord& record = batch.records[i];
    record.raw = &raw;
    record.withdrawn = record.decoded = false;
    if (decoder == nullptr || (raw.recorded != nullptr && raw.recorded->advance)) continue;
    auto decoded =
        decoder->decode(raw.value, raw.headers, raw.first_offset(), batch.texts, record.event);
    record.decoded = decoded.has_value();
    if (record.decoded) {
      record.member_key = member_key(record.event.member);
      record.odd = decoder->odd().empty() ? decoder->odd() : batch.texts.copy(decoder->odd());
    } else {
      record.error = decoded.error();
    }
  }
}

}  // namespace fealty::runtime
