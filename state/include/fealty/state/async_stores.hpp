#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "fealty/ports/member_store.hpp"
#include "fealty/state/open_partitions.hpp"

namespace fealty::state {

class SaveThread;

/// MemberStores whose saves happen on one background thread, in order: save() takes the batches and
/// returns. What reads a store sees all saves: load() and find_rows() wait for them only where one
/// that is not done yet holds a member they ask for, other calls until those of their store are
/// done. Once no save has come for a while the thread settles the inner stores.
///
/// Of the inner stores, load() and find_rows() must be such as may run beside a save of theirs, all
/// else beside one of other stores; open() beside anything; save() leaves the batches as they are.
/// Owns:    the inner stores and the thread; ends after the last save.
/// Threads: any, each with stores of its own (workers that share a directory); pure calls never
///          wait.
/// Errors:  as the inner stores. An error of a background save, or of settling, is the answer of
///          every later call to any store, and the saves behind it are dropped (they stay a
///          prefix), until checkpoint(), with which a recovery begins: the first to be called
///          answers the error once more, and each store takes part again from its own on.
class AsyncStores final : public ports::MemberStores {
 public:
  /// save() waits while `commits_max` are unsaved.
  explicit AsyncStores(std::unique_ptr<ports::MemberStores> inner, std::size_t commits_max = 2,
                       std::chrono::milliseconds settle_after = std::chrono::seconds{1});
  ~AsyncStores() override;
  AsyncStores(const AsyncStores&) = delete;
  AsyncStores& operator=(const AsyncStores&) = delete;

  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override;
  Result<std::unique_ptr<ports::MemberStore>> open_standby(std::uint32_t partition) override;
  [[nodiscard]] bool wanted(std::uint32_t partition) const override {
    return open_.wanted(partition);
  }
  Result<void> save(std::span<const Save> saves) override;

 private:
  Result<std::unique_ptr<ports::MemberStore>> opened(std::uint32_t partition,
                                                     std::function<void()> left);

  OpenPartitions open_;
  std::unique_ptr<ports::MemberStores> inner_;
  std::unique_ptr<SaveThread> thread_;
};

}  // namespace fealty::state
