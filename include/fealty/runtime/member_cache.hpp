#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "fealty/base/hash.hpp"
#include "fealty/event/event.hpp"
#include "fealty/member/record.hpp"
#include "fealty/runtime/history_log.hpp"
#include "fealty/runtime/huge_pages.hpp"
#include "fealty/runtime/left_keys.hpp"
#include "fealty/runtime/seed.hpp"

namespace fealty::runtime {

using Slot = std::uint32_t;
inline constexpr Slot no_slot = 0xffffffff;
/// As a member's timer_due: it never had one in memory, the store's index knows.
inline constexpr Day untimed = -no_day;

/// A member in memory: the decoded record, what was not saved yet, and the cache's own marks. What
/// a lookup compares, the id with which the record begins included, is the first cache line.
struct alignas(64) CachedMember {   // NOLINT(bugprone-exception-escape): as member::Record
  std::uint64_t key = 0;            // MemberCache::key_of
  std::uint64_t first_unsaved = 0;  // batch number of the oldest unsaved change; 0 = all is saved
  std::uint32_t partition = 0;
  std::uint32_t generation : 30 = 0;  // raised when the slot is given to another member
  std::uint32_t used : 1 = 0;         // touched since the clock hand passed
  std::uint32_t live : 1 = 0;         // slot in use
  Day timer_due = untimed;            // day for which a timer is in memory; see Timers
  Day stored_due = no_day;            // due() of the version that the store holds
  member::Record record;
  // Newest ledger entry and change of a row that were not saved, in its partition's log.
  HistoryLog::Position unsaved_entries = HistoryLog::none, unsaved_rows = HistoryLog::none;
  std::uint32_t bytes = 0;               // counted for this member
  std::uint32_t in_flight = 0;           // 1 + place in its task's commit in flight; 0 = in none
  std::uint32_t rows_followed : 31 = 0;  // unsaved changes of rows, while there is no index of them
  std::uint32_t rows_indexed : 1 = 0;    // from here on; see Unsaved
  std::uint32_t publish_ticket = 0;      // see PublishQueue; 0 = its snapshot is as it is
  std::unique_ptr<LeftKeys> left_keys;   // see RowLookup; mostly none
};

/// Decoded members of all partitions, bounded in bytes. A changed member stays until it was saved,
/// that is handed to the store: not yet while the commit that saves it is in flight.
///
/// Owns:    its members. References to them are good until the next insert's slab grows: never
/// (slabs do
///          not move), or until the member is evicted: only in shrink().
/// Threads: one; another one makes memory ready.
class MemberCache {
 public:
  explicit MemberCache(std::size_t bytes_max);

  /// What a member of a partition is found by.
  [[nodiscard]] static std::uint64_t key_of(std::uint64_t member_key, std::uint32_t partition) {
    return mix(member_key, partition);
  }
  [[nodiscard]] static std::uint64_t key_of(std::string_view member, std::uint32_t partition) {
    return key_of(member_key(member), partition);
  }
  /// Three steps of one lookup, some records apart, so that memory is there when it is read: the
  /// index entry, the member that it most likely names, all of that member.
  void prefetch_index(std::uint64_t key) const { __builtin_prefetch(&index_[key & mask_]); }
  void prefetch_candidate(std::uint64_t key) const {
    const Entry& entry = index_[key & mask_];
    if (entry.slot != no_slot) __builtin_prefetch(&member(entry.slot));
  }
  void prefetch_member(Slot slot, std::size_t bytes) const {
    const char* at = reinterpret_cast<const char*>(&member(slot));
    for (std::size_t line = 0; line < bytes; line += 64) __builtin_prefetch(at + line, 0, 2);
  }
  [[nodiscard]] Slot find(std::uint64_t key, std::uint32_t partition, std::string_view id) const;
  /// Adds a member that find() did not find; its record is new but for the id.
  Slot insert(std::uint64_t key, std::uint32_t partition, std::string_view id);
  [[nodiscard]] CachedMember& member(Slot slot) {
    return slabs_[slot >> slab_bits][slot & slab_mask];
  }
  [[nodiscard]] const CachedMember& member(Slot slot) const {
    return slabs_[slot >> slab_bits][slot & slab_mask];
  }
  /// Every member here, or of one partition, ascending by id (bytewise).
  [[nodiscard]] std::vector<Slot> sorted_by_id(
      std::optional<std::uint32_t> partition = std::nullopt) const;
  /// Counts the member's size anew after a change.
  void recount(CachedMember& member);

  /// Counts memory that tasks hold beside their members.
  void hold(std::size_t bytes_before, std::size_t bytes_now) {
    bytes_ = bytes_ - bytes_before + bytes_now;
  }

  /// Lets saved members go until the bound holds, those not used lately first. Returns how many
  /// went.
  std::size_t shrink();
  /// Lets every member of `partition` go, saved or not.
  void drop_partition(std::uint32_t partition);
  /// Over the bound even after shrink(): changed members must be saved first.
  [[nodiscard]] bool over() const { return bytes() > bytes_max_ || size_ > members_max_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_ + index_.size() * sizeof(Entry); }
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Members let go so far: while 0, what is not here was never here.
  [[nodiscard]] std::uint64_t evictions() const { return evictions_; }

 private:
  static constexpr unsigned slab_bits = 14;
  static constexpr Slot slab_mask = (1U << slab_bits) - 1;
  struct Entry {
    std::uint32_t tag = 0;  // high half of the key
    Slot slot = no_slot;
  };
  void grow();
  void evict(Slot slot);
  void erase_entry(std::uint64_t key, Slot slot);

  std::size_t bytes_max_;
  /// Slabs are never given back, and over half of the bound is for what comes later: what members
  /// have beside their slot, and what of them is not saved.
  std::size_t members_max_;
  std::size_t bytes_ = 0;
  std::size_t size_ = 0;
  std::uint64_t evictions_ = 0;
  using Index = std::vector<Entry, HugePageAllocator<Entry>>;
  Index index_;  // open addressing, linear probing, backward-shift deletion
  std::uint64_t mask_ = 0;
  struct FreeSlab {
    void operator()(CachedMember* slab) const;
  };
  using Slab = std::unique_ptr<CachedMember[], FreeSlab>;
  static Slab make_slab();
  Slab next_slab();
  std::vector<Slab> slabs_;
  std::future<Slab>
      coming_slab_;  // made ready aside: new memory costs as much as the members' work
  std::vector<Slot> free_;
  Slot slots_made_ = 0;
  Slot hand_ = 0;
};

}  // namespace fealty::runtime
