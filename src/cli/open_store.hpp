#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/memory_budget.hpp"

namespace fealty::cli {

struct StateOptions {
  std::string dir;  // empty = in memory
  bool wal = true;
  /// How long commits may be gathered before they are written; 0 = not at all. For stores that a
  /// changelog brings up to date.
  std::chrono::milliseconds gather{0};
  bool background = true;  // saves go on behind their caller's back, on a thread of their own
  runtime::MemoryBudget memory{std::size_t{4} << 30U, false};
};

/// The stores of a process: those of a state directory, or in memory.
/// Errors: as state::RocksStores::open_in().
Result<std::unique_ptr<ports::MemberStores>> open_stores(const StateOptions& options);

}  // namespace fealty::cli
