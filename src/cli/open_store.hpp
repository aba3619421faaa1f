#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fealty/ports/member_store.hpp"

namespace fealty::cli {

struct StateOptions {
  std::string dir;  // empty = in memory
  bool wal = true;
  std::size_t cache_bytes = std::size_t{2} << 30U;  // of the members; RocksDB's caches go with it
};

/// The stores of a process: those of a state directory, saved to in the background, or in memory.
/// Errors: as state::RocksStores::open_in().
Result<std::unique_ptr<ports::MemberStores>> open_stores(const StateOptions& options);

}  // namespace fealty::cli
