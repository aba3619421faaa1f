#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace fealty::runtime {

/// What the members of all partitions have not saved yet of their history: encoded items, one behind
/// the other in large segments as they come about, each naming the one before it of the same member.
/// Bytes in a row, and not a container a member: at millions of members most of the memory is this.
///
/// Owns:    its segments; one goes once all items in it are released. An item lies still until
/// then. Threads: one; another one makes memory ready.
class HistoryLog {
 public:
  /// Told each time that the memory held becomes another: bytes before and now.
  using Held = std::function<void(std::size_t before, std::size_t now)>;
  explicit HistoryLog(Held held = {}) : held_{std::move(held)} {}

  /// Where an item lies; `none` = nowhere.
  using Position = std::uint64_t;
  static constexpr Position none = 0;

  struct Item {
    std::string_view bytes;
    Position previous = none;
    std::uint64_t tag = 0;  // the caller's
  };
  Position append(std::string_view bytes, Position previous, std::uint64_t tag);
  [[nodiscard]] Item at(Position position) const {
    const char* const memory = memory_at(position);
    Head head{};
    std::memcpy(&head, memory, sizeof head);
    return {{memory + sizeof head, head.size & ~superseded}, head.previous, head.tag};
  }
  /// A newer item says all that this one does: who follows its chain is spared it.
  void supersede(Position position);
  /// Whether the item is still there: until it is released, and mostly for a while longer.
  [[nodiscard]] bool holds(Position position) const;
  /// Items to be given up together, counted by segment: while they are being read, once.
  class Release {
   public:
    void add(Position position);
    void clear() { items_.clear(); }

   private:
    friend class HistoryLog;
    std::uint64_t first_ = 0;           // a segment's number
    std::vector<std::uint32_t> items_;  // of that segment and those behind it
  };
  /// An item and those before it, newest first.
  struct Chain {
    Position next = none;
    std::vector<std::string_view> items;
  };
  /// Follows chains to their ends, from `next` on, side by side: the items of one lie all over
  /// memory, and many reads under way take little longer than one. Superseded items are left out.
  /// Counts all into `release`.
  void follow(std::span<Chain> chains, Release& release) const;
  void release(const Release& what);
  /// Of all items whose segment is still there.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr unsigned offset_bits = 21;
  static constexpr std::size_t segment_bytes = std::size_t{1} << offset_bits;
  struct Free {
    void operator()(char* memory) const;
  };
  struct Segment {
    std::unique_ptr<char, Free> memory;
    std::size_t size = 0, used = 0;
    std::uint32_t items = 0;  // not released
  };
  struct Head {
    Position previous;
    std::uint64_t tag;
    std::uint64_t size;  // and `superseded`
  };
  static constexpr std::uint64_t superseded = std::uint64_t{1} << 63U;
  using Memory = std::unique_ptr<char, Free>;
  static Memory make_memory(std::size_t bytes);
  void add_segment(std::size_t bytes);
  void drop(Segment& segment);
  [[nodiscard]] const char* memory_at(Position position) const;

  Held held_;
  std::deque<Segment> segments_;
  std::future<Memory> coming_;  // of the next segment, made ready aside
  std::uint64_t first_ = 0;     // number of segments_.front()
  std::size_t bytes_ = 0;
};

}  // namespace fealty::runtime
