#pragma once

#include <cstdint>

namespace fealty::cli {

/// The cores of this machine, but two at least: where there is one, the disk is still waited for
/// beside the work.
[[nodiscard]] std::uint32_t replay_workers_default();

/// The threads of a replay by its number of workers. None of them can change an outcome: whoever
/// has decoded a record or applied it, what comes out is in the order of the logs.
///
/// One worker does everything in turn on one thread: reading, decoding, applying, writing, saving.
/// From two on all that is not applying goes on beside it. Of four workers one decodes and three
/// apply, each some of the partitions: applying takes about three times as long.
/// Always threads of their own: RocksDB's flushes and compactions, and memory made ready.
struct ReplayThreads {
  std::uint32_t decoders = 0;  // that read and decode ahead
  std::uint32_t lanes = 1;     // that apply
  bool beside = false;         // outputs, saves, decompression and members.ndjson
};
[[nodiscard]] ReplayThreads replay_threads(std::uint32_t workers, std::uint32_t partitions);

}  // namespace fealty::cli
