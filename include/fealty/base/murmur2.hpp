#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fealty {

/// MurmurHash2, 32 bits, with the seed and byte order of Kafka's Java clients.
constexpr std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t seed = 0x9747b28c, m = 0x5bd1e995;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  std::uint32_t h = seed ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t k = byte(at) | byte(at + 1) << 8U | byte(at + 2) << 16U | byte(at + 3) << 24U;
    k *= m;
    k ^= k >> 24U;
    k *= m;
    h *= m;
    h ^= k;
  }
  const std::size_t left = bytes.size() - at;
  if (left >= 3) h ^= byte(at + 2) << 16U;
  if (left >= 2) h ^= byte(at + 1) << 8U;
  if (left >= 1) {
    h ^= byte(at);
    h *= m;
  }
  h ^= h >> 13U;
  h *= m;
  h ^= h >> 15U;
  return h;
}

/// Where Kafka's default partitioner puts a record with this key, among `partitions` (not 0).
constexpr std::uint32_t kafka_partition_of(std::string_view key, std::uint32_t partitions) {
  return (murmur2(key) & 0x7fffffffU) % partitions;
}

}  // namespace fealty
