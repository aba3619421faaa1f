#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "calm.hpp"
#include "disk.hpp"
#include "storm.hpp"
#include "weather.hpp"

namespace fealty::simulation {

/// What is left of a storm, held against the calm run: see run_storm().
class Verdict {
 public:
  Verdict(World& world, const Weather& weather, Cluster& cluster)
      : world_{world}, weather_{weather}, cluster_{cluster} {}

  /// All that a reader of the outputs sees.
  std::vector<std::string> outputs();
  /// Empty, or what is wrong. `worked`: the disk of whoever held all partitions last; `restored`:
  /// one that was made again from the changelog.
  std::string of(Disk& worked, Disk& restored, StormStats& stats);

 private:
  using Refused = std::set<std::pair<std::uint32_t, Offset>>;
  Seen seen(Disk& disk, Refused& refused);
  void compare_disks(Disk& worked, Disk& restored);
  void compare(Disk& restored, StormStats& stats);
  void tell_records();
  void tell_notices(const char* whose, const Seen& seen);

  World& world_;
  const Weather& weather_;
  Cluster& cluster_;
  std::string failure_;
};

}  // namespace fealty::simulation
