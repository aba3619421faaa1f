#include "fealty/state/async_store.hpp"

#include <pthread.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/state/seed.hpp"
#include "src/keys.hpp"

namespace fealty::state {

AsyncStore::AsyncStore(std::unique_ptr<ports::MemberStore> inner, std::size_t batches_max)
    : inner_{std::move(inner)}, batches_max_{batches_max} {
  check(inner_ != nullptr && batches_max_ > 0, "a store to save to, and room for a batch");
  thread_ = std::thread{[this] { work(); }};
}

AsyncStore::~AsyncStore() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void AsyncStore::work() {
  pthread_setname_np(pthread_self(), "fealty-store");
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [&] { return stop_ || !queue_.empty(); });
    if (queue_.empty()) return;
    ports::SavedBatch& batch = queue_.front().batch;  // A deque's elements stay where they are.
    lock.unlock();
    Result<void> saved = inner_->save(batch);
    lock.lock();
    spare_.push_back(std::move(queue_.front().batch));
    queue_.pop_front();
    spare_.back().clear();
    if (!saved) {
      error_ = saved.error();
      queue_.clear();
    }
    changed_.notify_all();
  }
}

AsyncStore::MemberHashes::MemberHashes(const ports::SavedBatch& batch) {
  std::size_t members = 0;
  for (const auto& item : batch.items) members += batch.key(item)[0] == keys::member_table ? 1 : 0;
  places_.resize(std::bit_ceil(2 * members + 1), 0);
  for (const auto& item : batch.items) {
    const std::string_view key = batch.key(item);
    if (key[0] != keys::member_table) continue;
    const std::uint64_t hash = hash64(key.substr(1), process_seed()) | 1U;
    std::size_t at = hash >> 1U & (places_.size() - 1);
    while (places_[at] != 0 && places_[at] != hash) at = (at + 1) & (places_.size() - 1);
    places_[at] = hash;
  }
}

bool AsyncStore::MemberHashes::may_hold(std::string_view member) const {
  const std::uint64_t hash = hash64(member, process_seed()) | 1U;
  std::size_t at = hash >> 1U & (places_.size() - 1);
  while (places_[at] != 0 && places_[at] != hash) at = (at + 1) & (places_.size() - 1);
  return places_[at] == hash;
}

/// Until the inner store has every save of these members.
Result<void> AsyncStore::wait_for(std::span<const std::string_view> members) {
  {
    const std::lock_guard lock{mutex_};
    if (error_) return *error_;
    const auto waits = [&](const Queued& queued) {
      return std::any_of(members.begin(), members.end(),
                         [&](std::string_view id) { return queued.members.may_hold(id); });
    };
    if (std::none_of(queue_.begin(), queue_.end(), waits)) return {};
  }
  return drain();
}

Result<void> AsyncStore::drain() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return queue_.empty(); });
  if (error_) return *error_;
  return {};
}

Result<void> AsyncStore::save(ports::SavedBatch& batch) {
  MemberHashes members{batch};
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return error_ || queue_.size() < batches_max_; });
  if (error_) return *error_;  // Behind a batch that failed nothing may be saved.
  ports::SavedBatch spare;
  if (!spare_.empty()) {
    spare = std::move(spare_.back());
    spare_.pop_back();
  }
  queue_.push_back({std::exchange(batch, std::move(spare)), std::move(members)});
  lock.unlock();
  changed_.notify_all();
  return {};
}

Result<std::optional<ports::Checkpoint>> AsyncStore::checkpoint() {
  if (auto drained = drain(); !drained) {
    const std::lock_guard lock{mutex_};
    error_.reset();
    return drained.error();
  }
  return inner_->checkpoint();
}

Result<void> AsyncStore::load(std::span<const std::string_view> members,
                              std::span<member::Record* const> out) {
  if (auto waited = wait_for(members); !waited) return waited;
  return inner_->load(members, out);
}

Result<void> AsyncStore::find_rows(std::string_view member,
                                   std::span<member::FoundRow* const> rows) {
  if (auto waited = wait_for({&member, 1}); !waited) return waited;
  return inner_->find_rows(member, rows);
}

void AsyncStore::encode(const member::LedgerEntry& entry, std::string& out) {
  inner_->encode(entry, out);
}

void AsyncStore::encode(const member::RowChange& change, const member::Effects& effects,
                        std::string& out) {
  inner_->encode(change, effects, out);
}

void AsyncStore::encode(const member::RowKey& key, std::string& out) { inner_->encode(key, out); }

Result<void> AsyncStore::decode(std::string_view value, member::FoundRow& row) {
  return inner_->decode(value, row);
}

void AsyncStore::encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
                        ports::SavedBatch& batch) {
  inner_->encode(items, as_of, batch);
}

void AsyncStore::encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) {
  inner_->encode(checkpoint, batch);
}

Result<void> AsyncStore::restore(std::string_view key, std::string_view value,
                                 std::uint64_t position) {
  if (auto drained = drain(); !drained) return drained;
  return inner_->restore(key, value, position);
}

Result<void> AsyncStore::restored(std::uint64_t position) {
  if (auto drained = drain(); !drained) return drained;
  return inner_->restored(position);
}

Result<bool> AsyncStore::due(const ports::DuePlace& after, Day until, std::size_t limit,
                             std::vector<ports::DuePlace>& out) {
  if (auto drained = drain(); !drained) return drained.error();
  return inner_->due(after, until, limit, out);
}

Result<void> AsyncStore::scan(const std::function<Result<void>(const member::Record&)>& visit) {
  if (auto drained = drain(); !drained) return drained;
  return inner_->scan(visit);
}

Result<void> AsyncStore::page(std::string_view after, std::size_t limit,
                              std::vector<member::Record>& out) {
  if (auto drained = drain(); !drained) return drained;
  return inner_->page(after, limit, out);
}

Result<void> AsyncStore::history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                                 const std::function<void(const member::LedgerEntry&)>& visit) {
  if (auto drained = drain(); !drained) return drained;
  return inner_->history(member, from_seq, limit, visit);
}

bool AsyncStore::empty() {
  // An error is told by the next call that can.
  return drain().has_value() && inner_->empty();
}

std::uint64_t AsyncStore::disk_bytes() { return drain().has_value() ? inner_->disk_bytes() : 0; }

}  // namespace fealty::state
