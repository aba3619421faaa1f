#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fealty/runtime/history_log.hpp"
#include "fealty/runtime/huge_pages.hpp"

namespace fealty::runtime {

/// Where the newest unsaved change of each row lies, of members with so many that following them
/// one by one would take long. A hash leads to it, its name in full says whether it is the one.
///
/// Its table is larger than what a core keeps at hand, so a few puts wait until their places have
/// been fetched.
///
/// Borrows the log; what that has let go is forgotten. Owns: its table. Threads: one.
class RowIndex {
 public:
  explicit RowIndex(HistoryLog& log);

  /// `at`: a change of the row with this name of the member with this tag, newer than any before.
  /// The one that was the newest is superseded in the log, at the latest by settle().
  void put(std::uint64_t member_tag, std::string_view name, HistoryLog::Position at);
  /// Carries out what waits.
  void settle();
  /// The newest change of a row; none where the log has none of it.
  [[nodiscard]] HistoryLog::Position find(std::uint64_t member_tag, std::string_view name) const;
  [[nodiscard]] std::size_t heap_bytes() const { return places_.size() * sizeof(Place); }

 private:
  struct Place {
    std::uint64_t hash = 0;
    HistoryLog::Position at = HistoryLog::none;  // none = free
  };
  [[nodiscard]] std::uint64_t hash_of(std::uint64_t member_tag, std::string_view name) const;
  [[nodiscard]] bool is(const Place& place, std::uint64_t hash, std::uint64_t member_tag,
                        std::string_view name) const;
  void put_now(const Place& put);
  void grow();

  static constexpr std::size_t waiting_max = 8;

  HistoryLog& log_;
  const std::uint64_t seed_;  // another in every process: nobody can choose names that meet
  using Places = std::vector<Place, HugePageAllocator<Place>>;
  Places places_;         // open addressing, a power of two
  std::size_t used_ = 0;  // not free
  std::array<Place, waiting_max> waiting_{};
  std::size_t waiting_count_ = 0;
};

}  // namespace fealty::runtime
