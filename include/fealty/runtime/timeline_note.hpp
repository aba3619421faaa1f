#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fealty/base/time.hpp"
#include "fealty/ports/member_store.hpp"

namespace fealty::runtime {

/// What a partition's timeline decided that its records do not say, so that a copy of them can be
/// replayed to the same end: written to the timeline stream, in the transaction that used it. A
/// recovery needs none of it; the checkpoint has what it repeats.
struct TimelineNote {
  enum class Kind : std::uint8_t {
    opened,      // a worker took the partition over: from `position` on everything is noted
    advance,     // before the record at `position` the clock moved to `time` while none came
    refused,     // the record at `position`, by this machine's clock
    generation,  // of the program `generation`, from before the record at generation.adopted_at on
  };
  Kind kind = Kind::opened;
  ports::Offset position = 0;
  EventTime time{};
  bool fresh = false;  // of opened: with no state, so everything there was is noted
  ports::Generation generation{};
  friend bool operator==(const TimelineNote&, const TimelineNote&) = default;
};

/// One line of text, "advance 17 1700000000000": of two that say the same the same, so it is the
/// record's key, too.
std::string to_text(const TimelineNote& note);
/// nullopt: written by a later release, or by somebody else.
std::optional<TimelineNote> timeline_note(std::string_view text);

}  // namespace fealty::runtime
