#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/result.hpp"

namespace fealty::config {

/// Topics that are read alike: named, or all whose whole name a pattern matches.
struct IngestInput {
  std::vector<std::string> topics;
  std::string pattern;  // POSIX extended; instead of topics
  std::string mapping;  // preset name, or a file; no default
  [[nodiscard]] bool reads(std::string_view topic) const;
};

/// Topics that are not keyed by member, and what is to become of them.
struct IngestConfig {
  std::vector<IngestInput> inputs;  // none: there is no ingest
  /// How long a refund that names only an order waits for the order's purchase.
  std::chrono::milliseconds wait = std::chrono::hours{24 * 7};
  /// How soon topics and partitions made later are read.
  std::chrono::milliseconds discover = std::chrono::seconds{30};
  std::uint32_t workers = 1;  // of a process, each with a table of orders of its own
};

/// The input that reads a topic. invalid_config where none does, or more than one.
Result<std::size_t> input_of(const IngestConfig& ingest, std::string_view topic);

/// What comes behind the prefix in the names of the topics that either topology writes.
const std::vector<std::string_view>& written_streams();

}  // namespace fealty::config
