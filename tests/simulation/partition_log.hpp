#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/event/event.hpp"

namespace fealty::simulation {

using event::Offset;
/// Of one transaction, among all that there ever were; 0 = none.
using TransactionNumber = std::uint64_t;

struct LogRecord {
  Offset offset = 0;
  std::string key{}, value{};  // an empty value is a tombstone
  bool keyed = false;
  std::int64_t timestamp_ms = -1;
  TransactionNumber transaction = 0;
  bool marker = false;  // the end of its transaction
};

/// One partition of a topic: an ordered log with transactions in it. What a transaction holds
/// counts from its marker on, and nobody who reads what is committed sees past the first one that
/// is open. Offsets keep gaps: markers, what was aborted, what compaction took away.
class PartitionLog {
 public:
  Offset append(std::string_view key, bool keyed, std::string_view value, std::int64_t timestamp_ms,
                TransactionNumber transaction);
  /// The marker of a transaction that has records here.
  void end(TransactionNumber transaction, bool commit);

  [[nodiscard]] Offset low() const { return low_; }
  [[nodiscard]] Offset high() const { return high_; }
  /// The last stable offset: before the first record of any open transaction.
  [[nodiscard]] Offset stable() const;
  /// The first committed record at or behind `from`, before `end`; nullptr = none.
  [[nodiscard]] const LogRecord* next(Offset from, Offset end) const;

  /// Takes away what a later committed record before `end` supersedes, tombstones before
  /// `tombstones_end`, what was aborted, and old markers.
  void compact(Offset end, Offset tombstones_end);
  /// Retention: records before `low` are no longer delivered. They are still here, for the oracle.
  void retain_from(Offset low);

 private:
  [[nodiscard]] bool visible(const LogRecord& record) const {
    return !record.marker && !aborted_.contains(record.transaction);
  }

  std::vector<LogRecord> records_;  // ascending
  Offset low_ = 0, high_ = 0;
  std::map<TransactionNumber, Offset> open_;  // with their first record
  std::set<TransactionNumber> aborted_;
};

}  // namespace fealty::simulation
