#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/history_log.hpp"
#include "fealty/runtime/member_cache.hpp"
#include "fealty/runtime/row_index.hpp"

namespace fealty::runtime {

/// What the members of a partition have brought about and not saved yet: ledger entries and changes
/// of rows, encoded as they will be saved.
///
/// Borrows the log, which all partitions share, the store, for its encoding only, and the cache, in
/// whose members the newest items are named, and whose count the bytes go into.
/// Threads: one.
class Unsaved {
 public:
  Unsaved(ports::MemberStore& store, MemberCache& cache, HistoryLog& log);
  ~Unsaved();
  Unsaved(const Unsaved&) = delete;
  Unsaved& operator=(const Unsaved&) = delete;

  void add(CachedMember& member, const member::LedgerEntry& entry);
  /// `saving`: what of the member's rows is in the commit in flight.
  void add(Slot slot, HistoryLog::Position saving, const member::RowChange& change,
           const member::Effects& effects);
  /// The newest unsaved value of the row of this name (ports::row_name), empty where the row is
  /// gone; nullopt where the store knows it best.
  [[nodiscard]] std::optional<std::string_view> find(Slot slot, HistoryLog::Position saving,
                                                     std::string_view name) const;

  /// Encoded ledger entries from `newest` on back, as long as `visit` wants more.
  void visit_entries(HistoryLog::Position newest,
                     const std::function<bool(std::string_view)>& visit) const;

  /// What some members have, gathered side by side: their items lie all over memory.
  class Gathered {
   public:
    /// Of the i-th member, oldest first. Good until the next call of the same kind.
    [[nodiscard]] std::span<const std::string_view> entries(std::size_t i);
    /// The newest change of each of its rows.
    [[nodiscard]] std::span<const std::string_view> rows(std::size_t i);

   private:
    friend class Unsaved;
    std::vector<HistoryLog::Chain> chains_;
    std::vector<std::string_view> entries_, rows_;
  };
  void gather(std::span<const Slot> slots, Gathered& out);
  /// What was gathered since the last call is saved.
  void release_gathered();
  /// Counts what is held in the cache's bound.
  void count();

 private:
  [[nodiscard]] std::uint64_t tag_of(Slot slot) const;
  void index(Slot slot, HistoryLog::Position saving);
  void put_in_index(std::uint64_t tag, HistoryLog::Position at);
  [[nodiscard]] HistoryLog::Position find_in_chain(HistoryLog::Position newest,
                                                   std::string_view name) const;

  ports::MemberStore& store_;
  MemberCache& cache_;
  HistoryLog& log_;
  RowIndex index_;  // of members with many unsaved rows
  HistoryLog::Release gathered_;
  std::string encoded_;
  std::size_t counted_ = 0;
};

}  // namespace fealty::runtime
