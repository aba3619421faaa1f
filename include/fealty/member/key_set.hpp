#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fealty/base/check.hpp"

namespace fealty::member {

/// The business keys (order, refund, redemption, adjustment) that a member's money events have
/// used, each with a digest of what it said. Forgets nothing, so a repeat is known for ever. Keys
/// are hashes already: a few lie in a row, more in an open-addressed table of at most three
/// quarters, so that a look touches one place in memory and an insertion moves nothing else.
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
    key = not_empty(key);
    if (size_ <= row_max) {
      for (std::size_t at = size_; at-- > 0;) {
        if (places_[at].key == key) return places_[at].digest;
      }
      return std::nullopt;
    }
    const Entry& place = places_[place_of(key)];
    return place.key == key ? std::optional{place.digest} : std::nullopt;
  }
  /// Precondition: find(key) is empty.
  void insert(std::uint64_t key, std::uint64_t digest) {
    const Entry entry{not_empty(key), digest};
    if (size_ < row_max) {
      places_.push_back(entry);
    } else {
      if (size_ == row_max || (size_ + 1) * 4 > places_.size() * 3) grow();
      Entry& place = places_[place_of(entry.key)];
      check(place.key == empty_key, "a key is inserted once");
      place = entry;
    }
    ++size_;
  }
  /// All entries into `out`, which is replaced, ascending by key.
  void copy_sorted(std::vector<Entry>& out) const {
    out.clear();
    for (const Entry& place : places_) {
      if (place.key != empty_key) out.push_back(place);
    }
    std::sort(out.begin(), out.end());
  }
  /// Replaces all by `entries`, whose keys differ.
  void assign(std::span<const Entry> entries) {
    places_.clear();
    size_ = 0;
    if (entries.size() <= row_max) places_.reserve(entries.size());
    for (const Entry& entry : entries) insert(entry.key, entry.digest);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t heap_bytes() const { return places_.capacity() * sizeof(Entry); }

  friend bool operator==(const KeySet& a, const KeySet& b) {
    if (a.size_ != b.size_) return false;
    std::vector<Entry> left, right;
    a.copy_sorted(left);
    b.copy_sorted(right);
    return left == right;
  }

 private:
  static constexpr std::size_t row_max = 8;
  static constexpr std::uint64_t empty_key = 0;
  /// A hash of 0, as rare as any other, is kept as another one.
  static constexpr std::uint64_t not_empty(std::uint64_t key) {
    return key == empty_key ? 0x9e3779b97f4a7c15ULL : key;
  }

  /// Of the key, or the empty place where it would be put. Precondition: a table.
  [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
    const std::size_t mask = places_.size() - 1;
    std::size_t at = key & mask;
    while (places_[at].key != empty_key && places_[at].key != key) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Entry> old(std::max<std::size_t>(2 * row_max, places_.size() * 2));
    old.swap(places_);
    for (const Entry& entry : old) {
      if (entry.key != empty_key) places_[place_of(entry.key)] = entry;
    }
  }

  std::vector<Entry>
      places_;  // a row of size_ entries, or a table: a power of two, empty_key where free
  std::size_t size_ = 0;
};

}  // namespace fealty::member
