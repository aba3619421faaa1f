#pragma once

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/kafka/topic_reader.hpp"
#include "fealty/ports/member_store.hpp"
#include "record_range.hpp"

namespace fealty::cli {

/// What workers decided about a range of a partition beside its records.
struct RecordTimeline {
  std::vector<ports::Advance> advances;        // of the clock while no record came, ascending
  std::vector<ports::Offset> refused;          // ascending
  std::vector<ports::Generation> generations;  // of the program, ascending
};

/// That somebody wanted to stop before all was read: half of it is no record.
Error stopped_short();

/// Reads it from the timeline topic. Says on stderr what of the range is not decided yet, and where
/// the state began elsewhere than the range.
/// `committed`: by the group; asked before.
/// Errors: input_gap where not all of it is known: an earlier release applied a part of the range,
/// or the topic lost its beginning; stopped_short(); those of the reader.
Result<RecordTimeline> read_timeline(kafka::TopicReader& reader, const std::string& timeline_topic,
                                     const std::string& topic, const RecordRange& range,
                                     std::optional<ports::Offset> committed,
                                     const std::atomic<bool>& stop);

}  // namespace fealty::cli
