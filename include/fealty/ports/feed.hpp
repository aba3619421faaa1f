#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::ports {

/// A compacted topic that each process reads whole, all partitions of it, and then goes on reading:
/// a table that all of them know. Committed records only.
///
/// Threads: one. Errors: broker_unreachable, broker_refused.
class Feed {
 public:
  virtual ~Feed() = default;
  class Visitor {
   public:
    virtual ~Visitor() = default;
    /// An empty value is a deletion.
    virtual Result<void> apply(std::string_view key, std::string_view value) = 0;
  };
  /// Begins behind what was read before: `positions()` of an earlier life; what is missing there is
  /// read from its beginning. Once.
  virtual Result<void> open(std::span<const std::uint64_t> positions) = 0;
  /// From now on step() tells when all that is committed now was visited: what has this key, or
  /// without one, everything.
  virtual Result<void> aim_at_end(std::optional<std::string_view> key) = 0;
  /// Visits what is there, waiting for it for at most `budget`. True where what was aimed at is
  /// reached, or nothing was.
  virtual Result<bool> step(Visitor& visitor, std::chrono::milliseconds budget) = 0;
  /// Of each partition: where to go on.
  [[nodiscard]] virtual std::span<const std::uint64_t> positions() const = 0;
};

/// What of a feed rests on this machine: its keys and values, and how far it was read.
///
/// Threads: one. Errors: store_unavailable, store_corrupt, output_unwritable.
class FeedTable {
 public:
  virtual ~FeedTable() = default;
  struct Change {
    std::string key, value;  // no value: the key goes
  };
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  /// All or nothing. A crash may lose the last of them, positions included.
  virtual Result<void> apply(std::span<const Change> changes,
                             std::span<const std::uint64_t> positions) = 0;
  /// As last applied; empty: nothing was.
  virtual Result<std::vector<std::uint64_t>> positions() = 0;
};

}  // namespace fealty::ports
