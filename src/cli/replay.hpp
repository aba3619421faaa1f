#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/counters.hpp"

namespace fealty::cli {

/// Enough for the lanes of a large machine, and few enough to cost nothing on a small one.
inline constexpr std::uint32_t replay_partitions_default = 8;

/// What `fealty replay` was asked to do. Only program, mapping and logs can change an outcome.
struct ReplayOptions {
  std::vector<std::string> programs;    // files, or a directory: its generations
  std::string mapping = "cloudevents";  // preset name or file
  std::vector<std::string> logs;        // files, directories, "-"
  std::string out_dir;
  std::string state_dir;         // empty = state in memory, gone at the end
  std::uint32_t partitions = 0;  // 0 = those of the run gone on with, else the default
  std::uint32_t workers = 0;     // see ReplayThreads; 0 = replay_workers_default()
  bool follow = false;           // keep reading growing logs until stopped
  bool overwrite = false;        // begin anew in an output directory that holds an earlier run
  bool durable = true;           // fsync at each commit
  bool wal = true;               // RocksDB's own log; off, a kill only makes the store older
  bool what_if = false;          // a record under another program or mapping than it was made of
  bool view = false;             // a live view instead of the bar
  bool progress = true;          // a progress bar, where stderr is a terminal
  std::size_t batch_records = 4096;
  std::uint64_t commit_events = 500'000;
  std::uint64_t commit_interval_ms = 0;  // 0 = by events only; 1000 with follow
  std::uint64_t checkpoint_distance = 10'000'000;
  std::uint64_t memory_bytes = std::uint64_t{4} << 30U;
};

/// What happened, for the command to print and the demo to show while it happens.
struct ReplayProgress {
  runtime::Counters counters;                     // of this process
  std::uint64_t done_bytes = 0, total_bytes = 0;  // of the input; 0 = not known
  EventTime clock{};
  std::size_t members_cached = 0;
};
struct ReplayHooks {
  /// Before the first batch: the program, and how many saved members each level of its newest
  /// generation has.
  std::function<void(const program::Series&, std::vector<std::int64_t> by_level)> opened;
  std::function<void(const ReplayProgress&)> progress;      // after each batch
  std::function<void(const ports::OutputBuffer&)> outputs;  // of each batch
};

/// How it ended.
struct ReplayOutcome {
  runtime::Counters counters;     // of all processes that worked on the run, as the report has them
  bool nothing_was_left = false;  // an earlier one had finished it
  /// Nothing could be applied: the presets that would read the logs.
  std::vector<std::string> better_formats;
};

/// Replays until the logs end or `stop` is set; writes members.ndjson and report.json. What would
/// be refused is refused before anything is written.
Result<ReplayOutcome> replay(const ReplayOptions& options, const ReplayHooks& hooks,
                             const std::atomic<bool>& stop);

}  // namespace fealty::cli
