#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// Brings what is to be kept of a partition into the form of KeyValue::write().
///
/// What a batch has of one member lies together in it, so the members are sorted, and their items
/// table by table only among themselves: a fraction of the work of sorting all keys.
///
/// Owns: its memory, kept for the next time; the writes point into it and into what they were made
/// from. Threads: one at a time.
class SortedWrites {
 public:
  /// Of a batch as MemberStore::encode() fills it, with the timers that its members move and its
  /// changelog position. Each member is in it once.
  std::span<const Write> of(const ports::SavedBatch& batch);
  /// Of writes in any order, and the position; of several to one key the last stands.
  std::span<const Write> of(std::vector<Write> writes, std::uint64_t position);

 private:
  /// The tables whose keys begin with the size of a member's id, and that.
  static constexpr std::size_t tables = 5;
  /// Items are named by their numbers in the batch.
  struct Member {
    std::uint32_t item, id_size;
    std::array<std::uint32_t, tables> begin;  // of its items in items_; they end where the next
                                              // member's begin
  };
  /// Where a member's items of one table lie, in the order of that table.
  struct Range {
    std::uint32_t begin, end;
    std::uint32_t id_size;
  };
  /// The first bytes of a key, so that most comparisons of a sort read no key.
  struct SortKey {
    std::array<std::uint64_t, 2> head;
    std::uint32_t index;
  };

  void take();
  void take_timers();
  void sort_members();
  void add_timer(Day day, std::string_view member, bool erase);
  void put(std::uint32_t item);
  void put_table(char table);
  /// Appends `writes`, sorted; of several to one key the last.
  void put_sorted(std::span<const Write> writes);
  [[nodiscard]] std::string_view key(std::uint32_t item) const;
  [[nodiscard]] std::string_view id(std::uint32_t member) const;
  Write position_write(std::uint64_t position);
  /// Fills order_ by the keys that `key_of` gives for each index below `count`.
  template <class KeyOf>
  void sort_by(std::size_t count, const KeyOf& key_of);

  const ports::SavedBatch* batch_ = nullptr;  // while of() runs
  std::vector<Member> members_;               // and one behind the last
  std::vector<std::uint32_t> by_id_, by_size_;
  std::vector<Range> ranges_;
  std::array<std::vector<std::uint32_t>, tables> items_;
  std::vector<Write> checkpoints_, timers_, sorted_;
  std::vector<SortKey> order_;
  std::string timer_bytes_, position_;
};

}  // namespace fealty::state
