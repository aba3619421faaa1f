#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::bench {

/// A recorded log, whole in memory, so that no measurement waits for a disk.
/// Owns: its bytes; each line has padding_bytes readable bytes behind it.
struct LogFile {
  static constexpr std::size_t padding_bytes = 64;
  std::string bytes;  // padding included
  std::vector<std::string_view> lines;
};

/// Reads the first `lines_max` lines (0 = all); empty ones are left out.
Result<LogFile> read_log(const std::string& path, std::size_t lines_max);

}  // namespace fealty::bench
