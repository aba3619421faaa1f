#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/memory_budget.hpp"
#include "fealty/state/rocks_store.hpp"

namespace fealty::cli {

struct StateOptions {
  std::string dir;  // empty = in memory
  bool wal = true;
  bool async = true;                                // saves on a thread of their own
  runtime::MemoryBudget memory{std::size_t{4} << 30U, false};
};

/// Opens the stores of a process: one directory a partition under one that they share, with one
/// block cache and one write-buffer limit. Must outlive the stores.
class StateFactory final : public ports::MemberStores {
 public:
  explicit StateFactory(StateOptions options);
  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override;
  Result<void> save(std::span<const Save> saves) override;

 private:
  StateOptions options_;
  std::shared_ptr<state::RocksShared> shared_;
};

}  // namespace fealty::cli
