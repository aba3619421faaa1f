#include "src/save_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/state/seed.hpp"
#include "src/keys.hpp"

namespace fealty::state {
namespace {

/// Memory kept for later batches: that of a large one is not got anew at each commit.
constexpr std::size_t spare_bytes_max = std::size_t{192} << 20U;

}  // namespace

void MemberHashes::make(const ports::SavedBatch& batch) {
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

bool MemberHashes::may_hold(const ports::SavedBatch& batch, std::string_view member) {
  if (places_.empty()) make(batch);
  const std::uint64_t hash = hash64(member, process_seed()) | 1U;
  std::size_t at = hash >> 1U & (places_.size() - 1);
  while (places_[at] != 0 && places_[at] != hash) at = (at + 1) & (places_.size() - 1);
  return places_[at] == hash;
}

SaveThread::SaveThread(ports::MemberStores& stores, std::size_t commits_max,
                       std::chrono::milliseconds settle_after)
    : stores_{stores}, commits_max_{commits_max}, settle_after_{settle_after} {
  check(commits_max_ > 0, "room for a commit");
  thread_ = std::thread{[this] { work(); }};
}

SaveThread::~SaveThread() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void SaveThread::work() {
  pthread_setname_np(pthread_self(), "fealty-store");
  const auto wanted = [&] { return stop_ || !queue_.empty(); };
  std::unique_lock lock{mutex_};
  bool settled = true;
  while (true) {
    if (settled) {
      changed_.wait(lock, wanted);
    } else if (!changed_.wait_for(lock, settle_after_, wanted)) {
      settle(lock);
      settled = true;
      continue;
    }
    if (queue_.empty()) return;
    save_front(lock);
    settled = false;
  }
}

void SaveThread::save_front(std::unique_lock<std::mutex>& lock) {
  Commit& commit = queue_.front();  // A deque's elements stay where they are.
  std::vector<ports::MemberStores::Save> saves;
  saves.reserve(commit.size());
  for (Queued& part : commit) saves.push_back({part.store, &part.batch});
  lock.unlock();
  const Result<void> saved = stores_.save(saves);
  lock.lock();  // Before they change: until then another thread may look into them, too.
  for (Queued& part : commit) keep_spare(std::move(part.batch));
  if (saved) {
    queue_.pop_front();
    ++done_;
  } else {
    fail(saved.error());
  }
  changed_.notify_all();
}

void SaveThread::settle(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const Result<void> settled = stores_.settle();
  lock.lock();
  if (settled) return;
  fail(settled.error());
  changed_.notify_all();
}

/// What waits behind what failed is dropped.
void SaveThread::fail(const Error& error) {
  error_ = error;
  error_answered_ = false;
  ++failures_;
  done_ += queue_.size();
  queue_.clear();
}

ports::SavedBatch SaveThread::take_spare() {
  if (spare_.empty()) return {};
  ports::SavedBatch batch = std::move(spare_.back());
  spare_.pop_back();
  spare_bytes_ -= batch.memory();
  return batch;
}

void SaveThread::keep_spare(ports::SavedBatch batch) {
  batch.clear();
  const std::size_t bytes = batch.memory();
  if (spare_bytes_ + bytes > spare_bytes_max) return;
  spare_bytes_ += bytes;
  spare_.push_back(std::move(batch));
}

Result<void> SaveThread::error_for(const Client& client) const {
  if (client.failures != failures_) return *error_;
  return {};
}

/// Until the last of the commits that concern somebody is done, or dropped.
template <class Concerns>
void SaveThread::wait(std::unique_lock<std::mutex>& lock, const Concerns& concerns) {
  const auto last = std::find_if(queue_.rbegin(), queue_.rend(), [&](Commit& commit) {
    return std::any_of(commit.begin(), commit.end(), concerns);
  });
  const std::uint64_t until = done_ + static_cast<std::uint64_t>(queue_.rend() - last);
  changed_.wait(lock, [&] { return done_ >= until; });
}

SaveThread::Client SaveThread::join(ports::MemberStore& store) {
  const std::lock_guard lock{mutex_};
  return {&store, failures_};
}

void SaveThread::leave(const Client& client) {
  std::unique_lock lock{mutex_};
  wait(lock, [&](const Queued& part) { return part.store == client.store; });
}

Result<void> SaveThread::save(std::span<const Part> parts) {
  Commit commit;
  commit.reserve(parts.size());
  for (const Part& part : parts) {
    commit.push_back({part.client->store, {}, {}});
  }
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return queue_.size() < commits_max_; });
  for (const Part& part : parts) {  // Behind a commit that failed nothing may be saved.
    if (auto well = error_for(*part.client); !well) return well;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    commit[i].batch = std::exchange(*parts[i].batch, take_spare());
  }
  queue_.push_back(std::move(commit));
  lock.unlock();
  changed_.notify_all();
  return {};
}

Result<void> SaveThread::wait_for(const Client& client, std::span<const std::string_view> members) {
  std::unique_lock lock{mutex_};
  wait(lock, [&](Queued& part) {
    return part.store == client.store &&
           std::any_of(members.begin(), members.end(),
                       [&](std::string_view id) { return part.members.may_hold(part.batch, id); });
  });
  return error_for(client);
}

Result<void> SaveThread::wait_for(const Client& client) {
  leave(client);
  const std::lock_guard lock{mutex_};
  return error_for(client);
}

Result<void> SaveThread::begin_afresh(Client& client) {
  auto waited = wait_for(client);
  const std::lock_guard lock{mutex_};
  client.failures = failures_;
  if (waited || std::exchange(error_answered_, true)) return {};
  return waited;
}

}  // namespace fealty::state
