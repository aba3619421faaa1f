#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fealty/runtime/huge_pages.hpp"

namespace fealty::runtime {

/// Hashes of all the rows that one member's record no longer speaks for: keys that have left its
/// delivery window. What is not among them has no row, so that a busy member's new orders are known
/// to be new without a read of the store. Another one may be taken for one of them: then its row is
/// looked up in vain.
///
/// Only of use while it is complete, so it begins with the first key to leave and ends where the
/// member leaves memory, or where it grows past its bound. Owns: its table. Threads: one.
class LeftKeys {
 public:
  /// Whether it holds all of a record's whose window says that so many deliveries have left it.
  [[nodiscard]] bool complete(std::uint64_t left) const { return left_ == left; }
  void set_left(std::uint64_t left) { left_ = left; }

  void add(std::uint32_t hash);
  [[nodiscard]] bool may_hold(std::uint32_t hash) const;
  [[nodiscard]] std::size_t heap_bytes() const { return places_.size() * sizeof(std::uint32_t); }

 private:
  static constexpr std::uint32_t not_free(std::uint32_t hash) { return hash == 0 ? 1 : hash; }
  /// Of the hash, or the free place where it would be.
  [[nodiscard]] std::size_t place_of(std::uint32_t hash) const;
  void settle();
  void grow();

  using Places = std::vector<std::uint32_t, HugePageAllocator<std::uint32_t>>;
  Places places_;  // open addressing, a power of two; 0 = free
  std::size_t size_ = 0;
  std::uint64_t left_ = 0;
  // Added since, while their places are being fetched: a busy member's table is a large one.
  std::array<std::uint32_t, 6> waiting_{};
  std::uint32_t waiting_count_ = 0;
};

}  // namespace fealty::runtime
