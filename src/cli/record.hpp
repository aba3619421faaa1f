#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::cli {

/// What `fealty record` was asked to do.
struct RecordOptions {
  std::string service;                    // file
  std::vector<std::string> sets;          // over it
  std::string out_dir;                    // must not exist yet, or be empty
  std::string topic;                      // empty = the service's input
  std::vector<std::uint32_t> partitions;  // empty = all
  std::string from, to;       // an offset or an RFC 3339 time each; empty = all there is
  bool records_only = false;  // without what the workers decided beside them
};

/// A partition that was written.
struct RecordedPartition {
  std::uint32_t partition = 0;
  ports::Offset from = 0, to = 0;
  std::uint64_t records = 0, advances = 0, refused = 0;
  std::string file;
};

/// Writes a log for each partition, and the programs by which they went into programs/. Whatever is
/// not as it was live is said on stderr. After an error, or where `stop` was set, nothing stays.
Result<std::vector<RecordedPartition>> record(const RecordOptions& options,
                                              const std::atomic<bool>& stop);

}  // namespace fealty::cli
