#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/event/event.hpp"
#include "fealty/ports/streams.hpp"

namespace fealty::ports {

/// Output records in blocks, each of them whole in one: what is there is not moved as more comes.
/// Reused: clear() keeps the memory.
class OutputBuffer {
 public:
  struct Item {
    Stream stream{};
    std::uint32_t partition = 0;  // of the input, or as the stream's placement says
    std::uint32_t block = 0, at = 0;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;  // the value follows the key; 0 in the changelog = deletion
  };
  /// Starts a record; append its value to the string that this returns, then call finish().
  std::string& start(Stream stream, std::uint32_t partition, std::string_view key) {
    if (used_ == 0 || blocks_[used_ - 1].size() >= block_bytes) next_block();
    std::string& block = blocks_[used_ - 1];
    items_.push_back({stream, partition, static_cast<std::uint32_t>(used_ - 1),
                      static_cast<std::uint32_t>(block.size()),
                      static_cast<std::uint32_t>(key.size()), 0});
    return block.append(key);
  }
  void finish() {
    Item& item = items_.back();
    item.value_size =
        static_cast<std::uint32_t>(blocks_[item.block].size() - item.at - item.key_size);
    bytes_ += item.key_size + item.value_size;
  }
  void add(Stream stream, std::uint32_t partition, std::string_view key, std::string_view value) {
    start(stream, partition, key).append(value);
    finish();
  }
  /// Records of another buffer, in its order: those from `first` on, before `last`.
  void append(const OutputBuffer& from, std::size_t first, std::size_t last) {
    for (const Item& item : from.items().subspan(first, last - first)) {
      add(item.stream, item.partition, from.key(item), from.value(item));
    }
  }
  [[nodiscard]] std::span<const Item> items() const { return items_; }
  [[nodiscard]] std::string_view key(const Item& item) const {
    return std::string_view{blocks_[item.block]}.substr(item.at, item.key_size);
  }
  [[nodiscard]] std::string_view value(const Item& item) const {
    return std::string_view{blocks_[item.block]}.substr(item.at + item.key_size, item.value_size);
  }
  /// Of all records that are finished.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t capacity_bytes() const {
    std::size_t bytes = items_.capacity() * sizeof(Item);
    for (const std::string& block : blocks_) bytes += block.capacity();
    return bytes;
  }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  void clear() {
    items_.clear();
    for (std::string& block : blocks_) block.clear();
    used_ = bytes_ = 0;
  }
  /// Gives back memory until it holds no more than that. Precondition: empty().
  void shrink_to(std::size_t bytes) {
    std::size_t held = capacity_bytes();
    for (; held > bytes && !blocks_.empty(); blocks_.pop_back()) held -= blocks_.back().capacity();
    if (held > bytes) items_ = std::vector<Item>{};
  }

 private:
  static constexpr std::size_t block_bytes = std::size_t{256} << 10U;
  static constexpr std::size_t usual_record_max = std::size_t{64} << 10U;
  /// The first grows as it must: most outputs are small.
  void next_block() {
    if (used_ == blocks_.size()) {
      blocks_.emplace_back();
      if (used_ > 0) blocks_.back().reserve(block_bytes + usual_record_max);
    }
    ++used_;
  }

  std::vector<Item> items_;
  std::vector<std::string> blocks_;
  std::size_t used_ = 0;  // the last of them is being filled
  std::size_t bytes_ = 0;
};

inline constexpr std::size_t note_bytes_max = 1024;

struct CommitPosition {
  std::uint32_t partition = 0;
  event::Offset committed = 0;     // first input offset not covered by this commit
  event::Offset recover_from = 0;  // first input offset that a recovery would read
  std::string note{};  // kept with `committed`, given back by Assignment; note_bytes_max
  std::uint64_t changelog_position = 0;  // out: offset after this commit's last changelog record
};

/// Where effects go. One thread at a time, not always that of the source.
/// Errors: transaction_aborted (nothing of it is visible: crash the tasks and recover), fenced and
/// broker_refused (stop), broker_unreachable, output_unwritable (a full disk, say).
class Sink {
 public:
  virtual ~Sink() = default;
  /// Takes the records into the open commit (and opens one where none is). Borrows until it
  /// returns.
  virtual Result<void> append(const OutputBuffer& out) = 0;
  /// Makes everything appended since the last commit visible together with the positions, all or
  /// nothing. On success fills changelog_position. After an error: not committed, unless a recovery
  /// finds that it was.
  virtual Result<void> commit(std::span<CommitPosition> positions) = 0;
  /// Drops what was appended since the last commit.
  virtual Result<void> abort() = 0;
  /// From any thread: there is no time any more to wait for somebody who is away. The call under
  /// way and all later ones answer soon, broker_unreachable where they would wait.
  virtual void interrupt() {}
};

/// Reads back what the changelog stream of one partition holds. Several readers may be open at
/// once. Errors: input_gap (the stream does not hold `position`, or no longer its beginning),
/// broker_unreachable, broker_refused.
class Changelog {
 public:
  virtual ~Changelog() = default;
  class Visitor {
   public:
    virtual ~Visitor() = default;
    /// An empty value is a deletion.
    virtual Result<void> apply(std::string_view key, std::string_view value) = 0;
  };
  /// One pass over one partition, a step at a time. Destroy it before its Changelog.
  class Reader {
   public:
    virtual ~Reader() = default;
    /// Visits, in order, what is there for about `budget`. True once all that was committed when it
    /// got to the end has been visited; then it stays so.
    virtual Result<bool> step(Visitor& visitor, std::chrono::milliseconds budget) = 0;
    /// The position after the last record visited, or being visited: where another pass would go
    /// on.
    [[nodiscard]] virtual std::uint64_t position() const = 0;
    /// Records to come, at most: some may be compacted away. 0 where that is not known.
    [[nodiscard]] virtual std::uint64_t left() const { return 0; }
  };
  /// Nothing is fetched before the first step. `position` 0: from the beginning, which must be
  /// there.
  virtual Result<std::unique_ptr<Reader>> open(std::uint32_t partition, std::uint64_t position) = 0;
};

/// A whole pass at once. Returns the position after the last record.
inline Result<std::uint64_t> read_all(Changelog& changelog, std::uint32_t partition,
                                      std::uint64_t position, Changelog::Visitor& visitor) {
  constexpr std::chrono::milliseconds budget{100};
  auto reader = changelog.open(partition, position);
  if (!reader) return reader.error();
  while (true) {
    const auto done = (*reader)->step(visitor, budget);
    if (!done) return done.error();
    if (*done) return (*reader)->position();
  }
}

}  // namespace fealty::ports
