#pragma once

#include <cstdint>
#include <string_view>

#include "fealty/base/hash.hpp"

namespace fealty::runtime {

/// For hash tables that input can fill: another one in every process and table, so that nobody can
/// choose ids that meet in them. It reaches no output and no order.
std::uint64_t random_seed();

/// What members are found by in memory: seeded, another one in every process.
inline std::uint64_t member_key(std::string_view member) {
  static const std::uint64_t seed = random_seed();
  return hash64(member, seed);
}

}  // namespace fealty::runtime
