#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "fealty/runtime/machine_clock.hpp"
#include "fealty/runtime/member_partition.hpp"
#include "fealty/runtime/opening.hpp"
#include "fealty/runtime/timeline.hpp"

namespace fealty::runtime {

/// A timeline with the partitions that go by it: one, or all of a recorded log.
struct TimelineGroup {
  std::deque<Opening> openings;  // while it is not ready
  std::unique_ptr<Timeline> timeline;
  std::vector<std::unique_ptr<MemberPartition>> partitions;
  bool fresh = false;                  // no commit was ever made
  bool touched = false;                // since the last commit prepared
  bool repeats = false;                // what was committed: see RecoveryPace
  bool in_flight = false;              // that commit is not done yet, and has to do with it
  MachineClock::Steady last_record{};  // or when it became ready
  [[nodiscard]] bool ready() const { return openings.empty() && timeline != nullptr; }
};

/// Works off a page of the turn under way in the group's timeline: announces what falls due by its
/// clock, in the order of (day, member id) over all its partitions, some `limit` members at most.
/// True once the turn is over. Order and bytes do not depend on `limit`, nor on where it is cut.
Result<bool> turn_page(TimelineGroup& group, const Timers::NextSwitch& next_switch,
                       std::size_t limit, ports::OutputBuffer& out);

}  // namespace fealty::runtime
