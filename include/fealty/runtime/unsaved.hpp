#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/history_log.hpp"
#include "fealty/runtime/member_cache.hpp"

namespace fealty::runtime {

/// What the members of a partition have brought about and not saved yet: ledger entries and orders,
/// encoded as they will be saved.
///
/// Owns:    the log of them. Borrows the store, for its encoding only, and the cache, in whose
///          members the newest items are named, and whose count the bytes go into.
/// Threads: one.
class Unsaved {
 public:
  Unsaved(ports::MemberStore& store, MemberCache& cache);
  ~Unsaved();
  Unsaved(const Unsaved&) = delete;
  Unsaved& operator=(const Unsaved&) = delete;

  void add(CachedMember& member, const member::LedgerEntry& entry);
  void add(CachedMember& member, const member::OrderGrant& order);
  /// The newest unsaved state of an order. `saving`: what of the member's orders is in the commit
  /// in flight.
  [[nodiscard]] bool find_order(const CachedMember& member, HistoryLog::Position saving,
                                std::uint64_t key, member::OrderGrant& out) const;

  /// What some members have, gathered side by side: their items lie all over memory.
  class Gathered {
   public:
    /// Of the i-th member, oldest first: entries, then orders. Good until the next gather().
    [[nodiscard]] std::span<const std::string_view> of(std::size_t i);

   private:
    friend class Unsaved;
    std::vector<HistoryLog::Chain> chains_;
    std::vector<std::string_view> items_;
  };
  void gather(std::span<const Slot> slots, Gathered& out);
  /// What was gathered since the last call is saved.
  void release_gathered();
  /// Counts what is held in the cache's bound.
  void count();

 private:
  struct RecentOrder {
    std::uint64_t key = 0;  // of member and order
    HistoryLog::Position at = HistoryLog::none;
  };
  [[nodiscard]] std::size_t place_of(const CachedMember& member, std::uint64_t key) const;
  bool find_in_chain(HistoryLog::Position newest, std::uint64_t key, member::OrderGrant& out) const;

  ports::MemberStore& store_;
  MemberCache& cache_;
  HistoryLog log_;
  std::vector<RecentOrder> recent_orders_;  // the newest state of orders touched lately
  HistoryLog::Release gathered_;
  std::string encoded_;
  std::size_t counted_ = 0;
};

}  // namespace fealty::runtime
