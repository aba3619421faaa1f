#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/kafka/topic_reader.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::cli {

/// Where a range begins or ends, as stated: neither = as far as there is anything.
struct Bound {
  std::optional<ports::Offset> offset;
  std::optional<std::int64_t> time_ms;
};
/// "120", or "2026-01-01T00:00:00Z". usage, with `option`, where it is neither.
Result<Bound> parse_bound(std::string_view option, const std::string& text);

/// [from, to) of a partition.
struct RecordRange {
  std::uint32_t partition = 0;
  ports::Offset from = 0, to = 0;
  kafka::TopicReader::Held held{};
};
/// Errors: usage (it ends before it begins, or lies beyond the end), input_gap (retention has
/// removed its beginning), and those of the reader.
Result<RecordRange> range_of(kafka::TopicReader& reader, const std::string& topic,
                             std::uint32_t partition, const Bound& from, const Bound& to);

}  // namespace fealty::cli
