#pragma once

#include <array>
#include <cstdint>

#include "fealty/base/time.hpp"
#include "fealty/codec/odd_fields.hpp"
#include "fealty/member/effects.hpp"

namespace fealty::runtime {

/// What a task has done since it was opened, live records only (a silent recovery is not counted
/// again).
struct Counters {
  std::uint64_t records = 0;  // = applied + duplicates + skipped + deadlettered
  std::uint64_t applied = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t skipped = 0;  // unknown types
  std::uint64_t deadlettered = 0;
  std::uint64_t wrong_keys = 0;  // whose key is not their member, whatever became of them
  std::uint64_t recovered = 0;   // applied silently, not in `records`
  std::uint64_t members_new = 0;
  std::int64_t points_issued = 0;    // sum of earn entries
  std::int64_t points_redeemed = 0;  // sum of redeem and capture entries
  std::int64_t points_reversed = 0;
  std::uint64_t ledger_entries = 0;
  std::array<std::uint64_t, member::notice_type_count> notices{};
  static constexpr std::size_t levels_max = 32;
  std::array<std::int64_t, levels_max> level_change{};  // members gained (or lost) by each level
  EventTime first_time{}, last_time{};                  // of applied events; epoch = none
  codec::OddFields odd_fields;                          // likewise

  void add(const Counters& other);
};

}  // namespace fealty::runtime
