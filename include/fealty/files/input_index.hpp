#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "fealty/files/manifest.hpp"

namespace fealty::files {

/// Which record lies where: written by a FileSource as it delivers, read by a FileSink as it
/// commits. Bounded: one place is kept for about every thousand records not yet committed.
///
/// Threads: any.
class InputIndex {
 public:
  /// Begins with what an earlier run knew.
  void reset(const Manifest& manifest);

  /// The log `number` was opened (again).
  void opened(std::uint32_t number, const InputFile& file);
  /// The log `number` was read to its end: `bytes` bytes, records before `end_record`.
  void ended(std::uint32_t number, std::uint64_t bytes, Offset end_record, bool unterminated);
  /// Delivery stands at `cursor`.
  void reached(const Cursor& cursor);

  /// The last known place at or before `record`.
  [[nodiscard]] Cursor at_or_before(Offset record) const;
  /// Drops places that only positions before `record` need.
  void forget_before(Offset record);
  /// The logs opened so far.
  [[nodiscard]] std::vector<InputFile> inputs() const;
  /// The same as a commit of all records before `committed` knows them: those that begin before it,
  /// and ended only where all their records do.
  [[nodiscard]] std::vector<InputFile> inputs_before(Offset committed) const;
  /// "file:line" of a record; `skip_lines` = header lines of each file.
  [[nodiscard]] std::string describe(Offset record, std::uint32_t skip_lines) const;

 private:
  mutable std::mutex mutex_;
  std::vector<InputFile> inputs_;
  std::deque<Cursor> places_;  // ascending by record
};

}  // namespace fealty::files
