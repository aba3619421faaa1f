#include "record_timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fealty/runtime/timeline_note.hpp"
#include "standard_streams.hpp"

namespace fealty::cli {
namespace {

using runtime::TimelineNote;

constexpr std::string_view way_out =
    "--records-only records without that: a replay of it need not "
    "give the same";

/// Notes of one partition, the wanted ones sorted.
struct Notes {
  RecordTimeline timeline;
  std::optional<TimelineNote> opened;  // for the first time

  void take(const TimelineNote& note, const RecordRange& range, bool to_the_end) {
    const bool before_end = note.position < range.to || (to_the_end && note.position == range.to);
    const bool within = note.position >= range.from && before_end;
    switch (note.kind) {
      case TimelineNote::Kind::opened:
        if (note.fresh) *this = {};  // The state began anew: what was noted before is of another.
        if (!opened) opened = note;
        break;
      case TimelineNote::Kind::advance:
        if (within) timeline.advances.push_back({note.position, note.time});
        break;
      case TimelineNote::Kind::refused:
        if (within) timeline.refused.push_back(note.position);
        break;
      case TimelineNote::Kind::generation:
        if (before_end) timeline.generations.push_back(note.generation);
        break;
    }
  }
  /// Compaction keeps the order, but what was noted twice.
  void sort() {
    const auto by_place = [](const ports::Advance& a, const ports::Advance& b) {
      return a.position != b.position ? a.position < b.position : a.time < b.time;
    };
    std::sort(timeline.advances.begin(), timeline.advances.end(), by_place);
    std::sort(timeline.refused.begin(), timeline.refused.end());
    const auto by_version = [](const ports::Generation& a, const ports::Generation& b) {
      return a.version < b.version;
    };
    std::sort(timeline.generations.begin(), timeline.generations.end(), by_version);
  }
};

Error not_known(const std::string& topic, const RecordRange& range, std::string_view why) {
  return Error{Errc::input_gap, "timeline",
               fmt::format("{}[{}]: {}; {}", topic, range.partition, why, way_out)};
}

Result<void> judge(const Notes& notes, const std::string& topic, const RecordRange& range,
                   std::optional<ports::Offset> committed) {
  if (range.from == range.to && range.from == 0) return {};
  const ports::Offset applied = committed.value_or(0);
  if (!notes.opened && applied > range.from) {
    return not_known(topic, range,
                     fmt::format("applied up to {} by a release that did not note when its clock "
                                 "moved on while no record came",
                                 applied));
  }
  if (notes.opened && !notes.opened->fresh && notes.opened->position > range.from) {
    return not_known(topic, range,
                     fmt::format("what lies before {} was applied by a release that did not note "
                                 "when its clock moved on while no record came",
                                 notes.opened->position));
  }
  if (notes.opened && notes.opened->fresh && notes.opened->position != range.from) {
    say("fealty: {}[{}]: the members' state began at {}, this record begins at {}: only a replay "
        "from the same place gives the same\n",
        topic, range.partition, notes.opened->position, range.from);
  }
  if (range.to > std::max(applied, range.from)) {
    say("fealty: {}[{}]: not applied yet from {} on: what will be decided about the rest, to {}, "
        "is not in the record\n",
        topic, range.partition, std::max(applied, range.from), range.to);
  }
  return {};
}

}  // namespace

Error stopped_short() { return Error{Errc::input_gap, "record", "stopped before the end"}; }

Result<RecordTimeline> read_timeline(kafka::TopicReader& reader, const std::string& timeline_topic,
                                     const std::string& topic, const RecordRange& range,
                                     std::optional<ports::Offset> committed,
                                     const std::atomic<bool>& stop) {
  const auto held = reader.held(timeline_topic, range.partition);
  if (!held) return held.error();
  if (held->low > 0) {
    return not_known(topic, range,
                     fmt::format("the topic {} lost its beginning: it holds {} to {}",
                                 timeline_topic, held->low, held->end));
  }
  Notes notes;
  const bool to_the_end = range.to == range.held.high;
  const auto read = reader.read(
      timeline_topic, range.partition, 0, held->end,
      [&](const ports::InputRecord& record) -> Result<void> {
        const auto note = runtime::timeline_note(record.value);
        if (!note) {
          return not_known(topic, range,
                           fmt::format("{}[{}]@{} is no note that this release knows",
                                       timeline_topic, range.partition, record.offset));
        }
        notes.take(*note, range, to_the_end);
        return {};
      },
      stop);
  if (!read) return read.error();
  if (!*read) return stopped_short();
  notes.sort();
  if (auto known = judge(notes, topic, range, committed); !known) return known.error();
  return std::move(notes.timeline);
}

}  // namespace fealty::cli
