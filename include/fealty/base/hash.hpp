#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace fealty {

/// XXH3, 64 bits: same value on every machine and in every release, so it may be stored and published.
inline std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

/// Mixes two hashes; not commutative.
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6U) + (a >> 2U));
  x ^= x >> 32U;
  x *= 0xd6e8feb86659fd93ULL;
  x ^= x >> 32U;
  return x;
}

/// The partition of a member in a file replay with `partitions` partitions. Stable.
inline std::uint32_t partition_of(std::uint64_t member_hash, std::uint32_t partitions) {
  return static_cast<std::uint32_t>((member_hash >> 32U) % partitions);
}

}  // namespace fealty
