#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fealty/base/result.hpp"

namespace fealty::state {

/// One change: `erase`, or put `value`.
struct Write {
  std::string_view key;
  std::string_view value{};
  bool erase = false;
};

/// An ordered map of byte strings: the seam inside this room, below which the stores differ.
/// Threads: one at a time; of RocksDB's, any that read beside any that write. Errors:
/// store_unavailable, store_corrupt, output_unwritable.
class KeyValue {
 public:
  /// Called with a value that is borrowed until it returns. It must not call the map.
  using GotVisitor = std::function<Result<void>(std::size_t index, std::string_view value)>;
  using PairVisitor = std::function<Result<bool>(std::string_view key, std::string_view value)>;

  virtual ~KeyValue() = default;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  /// Calls `visit` for each of `keys` (ascending) that is there.
  virtual Result<void> get_many(std::span<const std::string_view> keys,
                                const GotVisitor& visit) = 0;
  /// All or nothing, after all earlier ones. `changes` ascending by key, each key once.
  virtual Result<void> write(std::span<const Write> changes) = 0;
  /// Answers once it is this write's turn; an error where it will not come.
  using Turn = std::function<Result<void>()>;
  /// The same, begun beside earlier ones: waits for `turn` before anything of it counts. Threads:
  /// any, where the map may do more than wait until then.
  virtual Result<void> write_in_turn(std::span<const Write> changes, const Turn& turn) {
    if (auto come = turn(); !come) return come;
    return write(changes);
  }
  /// Pairs with first <= key < end, ascending, until `visit` answers false. A range of more than
  /// one table may leave out the ledger's.
  virtual Result<void> scan(std::string_view first, std::string_view end,
                            const PairVisitor& visit) = 0;
  /// The same from the last key <= `at` on, which may be below it; from the first one where all
  /// are above it. One seek. Precondition: first <= at < end.
  virtual Result<void> scan_from(std::string_view first, std::string_view at, std::string_view end,
                                 const PairVisitor& visit) = 0;
  /// Much is about to be written, and little of it read: what only serves reading may wait until
  /// as many calls of end_filling() as there were of this. Threads: any.
  virtual void begin_filling() {}
  virtual void end_filling() {}
};

}  // namespace fealty::state
