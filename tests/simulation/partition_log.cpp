#include "partition_log.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::simulation {

Offset PartitionLog::append(std::string_view key, bool keyed, std::string_view value,
                            std::int64_t timestamp_ms, TransactionNumber transaction) {
  check(!aborted_.contains(transaction), "an ended transaction takes nothing more");
  if (transaction != 0) open_.emplace(transaction, high_);
  records_.push_back({.offset = high_,
                      .key = std::string{key},
                      .value = std::string{value},
                      .keyed = keyed,
                      .timestamp_ms = timestamp_ms,
                      .transaction = transaction});
  return high_++;
}

void PartitionLog::end(TransactionNumber transaction, bool commit) {
  if (open_.erase(transaction) == 0) return;
  if (!commit) aborted_.insert(transaction);
  records_.push_back({.offset = high_++, .transaction = transaction, .marker = true});
}

Offset PartitionLog::stable() const {
  Offset stable = high_;
  for (const auto& [transaction, first] : open_) stable = std::min(stable, first);
  return stable;
}

const LogRecord* PartitionLog::next(Offset from, Offset end) const {
  auto at = std::lower_bound(
      records_.begin(), records_.end(), from,
      [](const LogRecord& record, Offset offset) { return record.offset < offset; });
  while (at != records_.end() && at->offset < end && !visible(*at)) ++at;
  return at != records_.end() && at->offset < end ? &*at : nullptr;
}

void PartitionLog::compact(Offset end, Offset tombstones_end) {
  end = std::min(end, stable());
  std::map<std::string, Offset> newest;
  for (const LogRecord& record : records_) {
    if (record.offset < end && visible(record)) newest[record.key] = record.offset;
  }
  std::erase_if(records_, [&](const LogRecord& record) {
    if (record.offset >= end) return false;
    if (!visible(record)) return true;
    if (newest[record.key] != record.offset) return true;
    return record.value.empty() && record.offset < tombstones_end;
  });
}

void PartitionLog::retain_from(Offset low) { low_ = std::max(low_, std::min(low, stable())); }

}  // namespace fealty::simulation
