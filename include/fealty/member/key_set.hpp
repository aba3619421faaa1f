#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fealty::member {

/// The business keys (order, refund, redemption, adjustment) that a member's money events have used,
/// each with a digest of what it said. Forgets nothing, so a repeat is known for ever.
/// A sorted body and a short unsorted tail: lookup is logarithmic, insertion amortised.
/// Equality and the stored form are independent of insertion order.
class KeySet {
 public:
  struct Entry {
    std::uint64_t key = 0;
    std::uint64_t digest = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
    friend bool operator<(const Entry& a, const Entry& b) { return a.key < b.key; }
  };

  [[nodiscard]] std::optional<std::uint64_t> find(std::uint64_t key) const {
    for (auto at = entries_.rbegin(); at != entries_.rend() - static_cast<std::ptrdiff_t>(sorted_);
         ++at) {
      if (at->key == key) return at->digest;
    }
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    const auto at = std::lower_bound(entries_.begin(), end, Entry{key, 0});
    if (at != end && at->key == key) return at->digest;
    return std::nullopt;
  }
  /// Precondition: find(key) is empty.
  void insert(std::uint64_t key, std::uint64_t digest) {
    entries_.push_back({key, digest});
    if (entries_.size() - sorted_ >= tail_max) sort();
  }
  /// Sorts the tail in; what is stored is always sorted.
  void sort() {
    const auto middle = entries_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(middle, entries_.end());
    std::inplace_merge(entries_.begin(), middle, entries_.end());
    sorted_ = entries_.size();
  }
  /// All entries; sorted by key after sort().
  [[nodiscard]] std::span<const Entry> entries() const { return entries_; }
  /// Takes entries that are sorted by key already.
  void assign_sorted(std::vector<Entry> entries) {
    entries_ = std::move(entries);
    sorted_ = entries_.size();
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t heap_bytes() const { return entries_.capacity() * sizeof(Entry); }

  friend bool operator==(KeySet a, KeySet b) {
    a.sort();
    b.sort();
    return a.entries_ == b.entries_;
  }

 private:
  static constexpr std::size_t tail_max = 32;
  std::vector<Entry> entries_;
  std::size_t sorted_ = 0;
};

}  // namespace fealty::member
