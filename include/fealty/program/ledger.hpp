#pragma once

#include <cstdint>

#include "fealty/member/history.hpp"

namespace fealty::program {

/// The hash that `entry` gets after an entry with hash `previous` (0 before the first). Covers all
/// fields but `position` and `hash`, so it is the same for any number of partitions.
std::uint64_t chain_hash(std::uint64_t previous, const member::LedgerEntry& entry);

}  // namespace fealty::program
