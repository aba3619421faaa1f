#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "fealty/ports/member_store.hpp"

namespace fealty::state {

/// Ids of the members that a batch saves, as hashes, for quick looks: another member's may be among
/// them. Made when one is asked for: as long as all members are in memory, none is.
class MemberHashes {
 public:
  [[nodiscard]] bool may_hold(const ports::SavedBatch& batch, std::string_view member);

 private:
  void make(const ports::SavedBatch& batch);
  std::vector<std::uint64_t> places_;  // open addressing, at most half full; 0 = free
};

/// The thread of AsyncStores, and the commits that wait for it. Once none has come for a while it
/// settles the stores.
/// Owns: the thread; ends after the last save. Threads: any may call.
class SaveThread {
 public:
  /// A store as the thread knows it.
  struct Client {
    ports::MemberStore* store = nullptr;  // of the stores that save
    std::uint64_t failures = 0;           // after which it has begun afresh
  };
  struct Part {
    const Client* client = nullptr;
    ports::SavedBatch* batch = nullptr;
  };
  SaveThread(ports::MemberStores& stores, std::size_t commits_max,
             std::chrono::milliseconds settle_after);
  ~SaveThread();
  SaveThread(const SaveThread&) = delete;
  SaveThread& operator=(const SaveThread&) = delete;

  Client join(ports::MemberStore& store);
  /// Until nothing of it waits: it may go.
  void leave(const Client& client);
  /// Takes a commit, and leaves other memory in the place of its batches. Waits while there are
  /// `commits_max` of them.
  Result<void> save(std::span<const Part> parts);
  /// Until the store has every save of these members.
  Result<void> wait_for(const Client& client, std::span<const std::string_view> members);
  /// Until it has every save.
  Result<void> wait_for(const Client& client);
  /// Likewise; an error is answered once, to whom asks first, and from then on all is well for this
  /// client.
  Result<void> begin_afresh(Client& client);

 private:
  struct Queued {
    ports::MemberStore* store = nullptr;
    ports::SavedBatch batch;
    MemberHashes members;
  };
  using Commit = std::vector<Queued>;
  void work();
  void save_front(std::unique_lock<std::mutex>& lock);
  void settle(std::unique_lock<std::mutex>& lock);
  void fail(const Error& error);
  ports::SavedBatch take_spare();
  void keep_spare(ports::SavedBatch batch);
  template <class Concerns>
  void wait(std::unique_lock<std::mutex>& lock, const Concerns& concerns);
  [[nodiscard]] Result<void> error_for(const Client& client) const;

  ports::MemberStores& stores_;
  const std::size_t commits_max_;
  const std::chrono::milliseconds settle_after_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Commit> queue_;  // the front one is being saved
  std::uint64_t done_ = 0;    // commits that were taken and are in the queue no more
  std::vector<ports::SavedBatch> spare_;
  std::size_t spare_bytes_ = 0;
  std::uint64_t failures_ = 0;
  std::optional<Error> error_;  // of the last failure
  bool error_answered_ = false;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace fealty::state
