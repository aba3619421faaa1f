#include "fealty/runtime/decoded_input.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "fealty/runtime/seed.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t batches_least = 4;  // one lent, one being filled, two ready

}  // namespace

DecodedInput::DecodedInput(ports::Source& source, std::unique_ptr<codec::Decoder> decoder,
                           DecodedInputOptions options)
    : source_{source}, options_{options}, decoder_{std::move(decoder)} {
  batches_.emplace_back();
  if (!options_.ahead) return;
  const std::size_t wanted = options_.ahead_records / options_.records_max;
  while (batches_.size() < std::max(wanted, batches_least)) batches_.emplace_back();
  for (DecodedBatch& batch : batches_) free_.push_back(&batch);
  thread_ = std::thread{[this] { run(); }};
}

DecodedInput::~DecodedInput() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<DecodedBatch*> DecodedInput::next(Wait wait) {
  if (!options_.ahead) {
    const auto timeout = wait == Wait::yes ? options_.poll_timeout : std::chrono::milliseconds{0};
    if (auto filled = fill(batches_.front(), timeout); !filled) return filled.error();
    return &batches_.front();
  }
  std::unique_lock lock{mutex_};
  if (lent_ != nullptr) free_.push_back(std::exchange(lent_, nullptr));
  // Once it has filled all, the thread sleeps until half of them are free: waking it costs time,
  // too.
  if (free_.size() == batches_.size() / 2) changed_.notify_all();
  changed_.wait(lock, [this] { return !ready_.empty() || failed_; });
  if (ready_.empty()) return *failed_;
  lent_ = ready_.front();
  ready_.pop_front();
  return lent_;
}

Result<void> DecodedInput::serve() {
  if (options_.ahead) return {};
  const auto served = source_.poll(unused_, 0, std::chrono::milliseconds{0});
  return served ? Result<void>{} : served.error();
}

void DecodedInput::run() {
  pthread_setname_np(pthread_self(), "fealty-decode");
  while (true) {
    DecodedBatch* batch = nullptr;
    {
      std::unique_lock lock{mutex_};
      if (free_.empty()) {
        changed_.wait(lock, [this] { return free_.size() >= batches_.size() / 2 || stopping_; });
      }
      if (stopping_) return;
      batch = free_.front();
      free_.pop_front();
    }
    auto filled = fill(*batch, options_.poll_timeout);
    const std::lock_guard lock{mutex_};
    if (filled) {
      ready_.push_back(batch);
    } else {
      failed_ = filled.error();
    }
    if (ready_.size() <= 1) changed_.notify_all();  // else nobody waits for it
    if (failed_ || batch->polled == ports::Polled::ended) return;
  }
}

Result<void> DecodedInput::fill(DecodedBatch& batch, std::chrono::milliseconds timeout) {
  const auto polled = source_.poll(batch.input, options_.records_max, timeout);
  if (!polled) return polled.error();
  batch.polled = *polled;
  decode(decoder_.get(), batch);
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
    if (decoder == nullptr) continue;
    auto decoded = decoder->decode(raw.value, raw.headers, raw.offset, batch.texts, record.event);
    record.decoded = decoded.has_value();
    if (record.decoded) {
      record.member_key = member_key(record.event.member);
    } else {
      record.error = decoded.error();
    }
  }
}

}  // namespace fealty::runtime
