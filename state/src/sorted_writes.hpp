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
/// Owns: its memory, kept for the next time; the writes point into it and into what they were made
/// from. Threads: one at a time.
class SortedWrites {
 public:
  /// Of a batch, with the timers that its members move and its changelog position.
  std::span<const Write> of(const ports::SavedBatch& batch);
  /// Of writes in any order, and the position; of several to one key the last stands.
  std::span<const Write> of(std::vector<Write> writes, std::uint64_t position);

 private:
  void add_timer(Day day, std::string_view member, bool erase);
  std::span<const Write> sorted(std::uint64_t position);

  /// The first bytes of a key, so that most comparisons of a sort read no key: as many as tell the
  /// rows of one member apart.
  struct SortKey {
    std::array<std::uint64_t, 4> head;
    std::uint32_t write;  // index in writes_
  };
  std::vector<Write> writes_, sorted_;
  std::vector<SortKey> order_;
  std::string timers_, position_;
};

}  // namespace fealty::state
