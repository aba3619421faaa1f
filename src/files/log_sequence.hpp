#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "fealty/files/file_source.hpp"
#include "line_reader.hpp"
#include "log_list.hpp"

namespace fealty::files {

enum class Next : std::uint8_t { block, nothing_yet, ended };

/// All logs of a replay, one after another, as blocks. Each log gives at least one block (an empty
/// one where it has no lines), so that its begin and end are told.
///
/// Threads: one at a time, but for progress().
class LogSequence {
 public:
  LogSequence(const FileSourceOptions& options, LogList logs);

  /// Goes on from the begin of log number `file`.
  void seek(std::uint32_t file);
  /// Never waits.
  Result<Next> next(Block& block);
  /// What to wait for besides changes of files: a pipe's descriptor, or -1.
  [[nodiscard]] int pipe_fd() const;
  [[nodiscard]] InputProgress progress() const;
  [[nodiscard]] std::string watched_dir() const { return logs_.watched_dir(); }

 private:
  Result<void> open_current();
  Result<bool> more_may_come();
  Result<Next> end_current(Block& block);
  void count_progress();
  void count_total();

  const FileSourceOptions& options_;
  LogList logs_;
  std::uint32_t file_ = 0;  // index of the current or next log
  std::unique_ptr<LineReader> reader_;
  std::optional<InputFile> opened_;  // not yet told
  bool final_ = false;               // the current log will not grow: a later one was seen
  std::uint64_t passed_bytes_ = 0;   // sizes of the logs before the current one
  std::atomic<std::uint64_t> done_bytes_ = 0, total_bytes_ = 0;
};

}  // namespace fealty::files
