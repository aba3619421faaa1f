#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "fealty/files/manifest.hpp"

namespace fealty::files {

/// Which record lies in which log, and what was read of each: written by a FileSource as it
/// delivers, read by a FileSink as it commits. Bounded: one mark is kept for each poll whose
/// records are not yet committed, and one for each such record of several lines.
///
/// Threads: any.
class InputIndex {
 public:
  /// What was read of a log up to a record.
  struct Mark {
    std::uint32_t file = 0;
    Offset record = 0;  // the next one
    std::uint64_t records = 0, bytes = 0, hash = 0;
  };

  /// Begins with what an earlier run knew.
  void reset(const Manifest& manifest);

  /// The log `number` was opened (again); what is known of its content stays.
  void opened(std::uint32_t number, const InputFile& file);
  /// Delivery stands at `mark`.
  void reached(const Mark& mark);
  /// From `record` of that log on, so many more lines lie before a record than records do.
  void broke(std::uint32_t number, Offset record, std::uint64_t breaks);
  /// It was read to its end, which is `mark`.
  void ended(const Mark& mark, bool unterminated);

  /// The log that holds `record`, or is to: the last one that begins at or before it.
  [[nodiscard]] std::uint32_t log_of(Offset record) const;
  /// Drops what only positions before `committed` need.
  void forget_before(Offset committed);
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
  std::deque<Mark> marks_;  // ascending by record
  struct Breaks {
    std::uint32_t file = 0;
    Offset record = 0;
    std::uint64_t before = 0;  // in its log
  };
  std::deque<Breaks> breaks_;  // likewise
};

}  // namespace fealty::files
