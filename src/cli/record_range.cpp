#include "record_range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "fealty/base/time.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {
namespace {

Result<ports::Offset> place_of(kafka::TopicReader& reader, const std::string& topic,
                               std::uint32_t partition, const Bound& bound,
                               ports::Offset where_none) {
  if (bound.offset) return *bound.offset;
  if (!bound.time_ms) return where_none;
  const auto found = reader.offset_of_time(topic, partition, *bound.time_ms);
  if (!found) return found.error();
  return found->value_or(where_none);
}

}  // namespace

Result<Bound> parse_bound(std::string_view option, const std::string& text) {
  Bound out;
  if (text.empty()) return out;
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    ports::Offset offset = 0;
    const char* const end = text.data() + text.size();
    const auto [at, failed] = std::from_chars(text.data(), end, offset);
    if (failed == std::errc{} && at == end && offset <= INT64_MAX) {
      out.offset = offset;
      return out;
    }
  } else if (const auto time = parse_rfc3339(text); time) {
    out.time_ms = std::max<std::int64_t>(time->time_since_epoch().count(), 0);
    return out;
  }
  return Error{
      Errc::usage, option,
      fmt::format("'{}' is neither an offset (120) nor a time (2026-01-31T00:00:00Z)", text)};
}

Result<RecordRange> range_of(kafka::TopicReader& reader, const std::string& topic,
                             std::uint32_t partition, const Bound& from, const Bound& to) {
  const auto held = reader.held(topic, partition);
  if (!held) return held.error();
  const auto refused = [&](std::string_view option, ports::Offset offset) {
    return Error{Errc::usage, option,
                 fmt::format("{} is beyond the end of {}[{}], which is {}", offset, topic,
                             partition, held->high)};
  };
  if (from.offset && *from.offset > held->high) return refused("--from", *from.offset);
  if (to.offset && *to.offset > held->high) return refused("--to", *to.offset);
  if (from.offset && *from.offset < held->low) {
    return Error{Errc::input_gap, "--from",
                 fmt::format("{}[{}] holds {} to {}: retention has removed what lies before; "
                             "without --from it begins with what there is",
                             topic, partition, held->low, held->high)};
  }
  const auto begin =
      place_of(reader, topic, partition, from, from.time_ms ? held->high : held->low);
  if (!begin) return begin.error();
  const auto end = place_of(reader, topic, partition, to, held->high);
  if (!end) return end.error();
  RecordRange out{partition, *begin, std::min(*end, held->high), *held};
  if (out.from > out.to && (from.offset || to.offset)) {
    return Error{Errc::usage, "--to",
                 fmt::format("{}[{}] would end at {}, before it begins at {}", topic, partition,
                             out.to, out.from)};
  }
  out.from = std::min(out.from, out.to);
  if (!from.offset && !from.time_ms && held->low > 0) {
    say("fealty: {}[{}] begins at {}: what was before is gone, so a replay starts without it\n",
        topic, partition, held->low);
  }
  return out;
}

}  // namespace fealty::cli
