#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fealty/base/arena.hpp"
#include "fealty/base/result.hpp"
#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// The writes of several commits, kept in memory until they are worth a write of their own. Of
/// several to one key the last stands.
///
/// Owns:    copies of keys and values; clear() keeps the memory. Bounded by who adds.
/// Threads: one at a time adds, hands over and clears; others may look and ask beside it.
class GatheredWrites {
 public:
  /// A look into it: while it lives nothing is added and nothing cleared.
  class Look {
   public:
    explicit Look(const GatheredWrites& writes) : writes_{writes}, lock_{writes.mutex_} {}
    /// The last write to `key`; borrowed while this lives.
    [[nodiscard]] std::optional<Write> find(std::string_view key) const;
    /// Whether a key with first <= key < end is written to.
    [[nodiscard]] bool between(std::string_view first, std::string_view end) const;

   private:
    const GatheredWrites& writes_;
    const std::lock_guard<std::mutex> lock_;
  };

  [[nodiscard]] bool empty() const { return changes_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] std::size_t changes() const { return changes_.load(std::memory_order_acquire); }
  /// Of the keys and values taken.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// All that it takes.
  [[nodiscard]] std::size_t memory() const;

  void begin_commit();
  /// Takes changes of the commit begun last, whose keys ascend with `prefix` before each over all
  /// calls for it.
  void add(std::string_view prefix, std::span<const Write> changes);
  /// Calls `take(std::span<const Write>)` with all of it piece by piece, ascending by key, each key
  /// once; stops at the first error.
  template <class Take>
  Result<void> hand_over(const Take& take) {
    merge();
    for (std::size_t at = 0; at < merged_.size();) {
      at = next_piece(at);
      if (auto taken = take(std::span<const Write>{piece_}); !taken) return taken;
    }
    return {};
  }
  void clear();

 private:
  /// In front of the bytes of its key, and those of its value.
  struct Entry {
    std::uint32_t hash, key_size, value_size, erase;
    [[nodiscard]] std::string_view key() const {
      return {reinterpret_cast<const char*>(this + 1), key_size};
    }
    [[nodiscard]] Write write() const {
      return {.key = key(), .value = {key().data() + key_size, value_size}, .erase = erase != 0};
    }
  };

  const Entry* keep(std::string_view prefix, const Write& change);
  [[nodiscard]] std::size_t place_of(std::uint32_t hash, std::string_view key) const;
  void grow();
  void merge();
  std::size_t next_piece(std::size_t at);

  mutable std::mutex mutex_;
  Arena bytes_of_all_{std::size_t{1} << 20U};
  std::vector<const Entry*> entries_;  // commit after commit, each ascending by key
  std::vector<std::size_t> commits_;   // where each begins
  /// The last of each key: open addressing, at most half full.
  std::vector<const Entry*> places_;
  std::size_t keys_ = 0, bytes_ = 0;
  std::atomic<std::size_t> changes_ = 0;
  // Scratch of hand_over().
  std::vector<const Entry*> merged_, merging_;
  std::vector<std::size_t> ends_;
  std::vector<Write> piece_;
};

}  // namespace fealty::state
