#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fealty/ports/member_store.hpp"

namespace fealty::state {

/// A MemberStore whose saves happen on one background thread, in order: save() takes the
/// batch and returns. What reads sees all saves: load() and find_rows() wait for them only where
/// one that is not done yet holds a member they ask for, every other call until all are done.
///
/// The inner store's load() and find_rows() must be such as may run beside its save().
/// Owns:    the inner store and the thread; ends after the last save.
/// Threads: as MemberStore, one caller at a time. encode() never waits.
/// Errors:  as the inner store. An error of a background save is the answer of every later call,
/// and
///          the saves behind it are dropped (the store stays a prefix), until checkpoint(), with
///          which a recovery begins, has answered it once; the next call then goes through.
class AsyncStore final : public ports::MemberStore {
 public:
  /// save() waits while `batches_max` batches are unsaved.
  explicit AsyncStore(std::unique_ptr<ports::MemberStore> inner, std::size_t batches_max = 2);
  ~AsyncStore() override;
  AsyncStore(const AsyncStore&) = delete;
  AsyncStore& operator=(const AsyncStore&) = delete;

  Result<std::optional<ports::Checkpoint>> checkpoint() override;
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override;
  Result<void> find_rows(std::string_view member, std::span<member::FoundRow* const> rows) override;
  void encode(const member::LedgerEntry& entry, std::string& out) override;
  void encode(const member::RowChange& change, const member::Effects& effects,
              std::string& out) override;
  void encode(const member::RowKey& key, std::string& out) override;
  Result<void> decode(std::string_view value, member::FoundRow& row) override;
  void encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
              ports::SavedBatch& batch) override;
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override;
  Result<void> save(ports::SavedBatch& batch) override;
  Result<void> restore(std::string_view key, std::string_view value,
                       std::uint64_t position) override;
  Result<void> restored(std::uint64_t position) override;
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override;
  Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit) override;
  Result<void> page(std::string_view after, std::size_t limit,
                    std::vector<member::Record>& out) override;
  Result<void> history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                       const std::function<void(const member::LedgerEntry&)>& visit) override;
  bool empty() override;
  std::uint64_t disk_bytes() override;

  /// Waits until all saves are done: after it the store is as if it were not asynchronous.
  Result<void> drain();

 private:
  /// Ids of the members that a batch saves, as hashes, for quick looks: another member's may be
  /// among them.
  class MemberHashes {
   public:
    explicit MemberHashes(const ports::SavedBatch& batch);
    [[nodiscard]] bool may_hold(std::string_view member) const;

   private:
    std::vector<std::uint64_t> places_;  // open addressing, at most half full; 0 = free
  };
  struct Queued {
    ports::SavedBatch batch;
    MemberHashes members;
  };
  void work();
  Result<void> wait_for(std::span<const std::string_view> members);

  std::unique_ptr<ports::MemberStore> inner_;
  const std::size_t batches_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Queued> queue_;              // the front one is being saved
  std::vector<ports::SavedBatch> spare_;  // cleared, memory kept
  std::optional<Error> error_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace fealty::state
