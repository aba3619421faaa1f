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

/// Output records, back to back in one buffer. Reused: clear() keeps the memory.
class OutputBuffer {
 public:
  struct Item {
    Stream stream{};
    std::uint32_t partition = 0;  // of the input, or as the stream's placement says
    std::size_t key_at = 0;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;  // the value follows the key; 0 in the changelog = deletion
  };
  /// Starts a record; append its value to the string that this returns, then call finish().
  std::string& start(Stream stream, std::uint32_t partition, std::string_view key) {
    items_.push_back({stream, partition, bytes_.size(), static_cast<std::uint32_t>(key.size()), 0});
    bytes_.append(key);
    return bytes_;
  }
  void finish() {
    Item& item = items_.back();
    item.value_size = static_cast<std::uint32_t>(bytes_.size() - item.key_at - item.key_size);
  }
  void add(Stream stream, std::uint32_t partition, std::string_view key, std::string_view value) {
    start(stream, partition, key).append(value);
    finish();
  }
  [[nodiscard]] std::span<const Item> items() const { return items_; }
  [[nodiscard]] std::string_view key(const Item& item) const {
    return std::string_view{bytes_}.substr(item.key_at, item.key_size);
  }
  [[nodiscard]] std::string_view value(const Item& item) const {
    return std::string_view{bytes_}.substr(item.key_at + item.key_size, item.value_size);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
  [[nodiscard]] std::size_t capacity_bytes() const {
    return bytes_.capacity() + items_.capacity() * sizeof(Item);
  }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  void clear() {
    items_.clear();
    bytes_.clear();
  }

 private:
  std::vector<Item> items_;
  std::string bytes_;
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
