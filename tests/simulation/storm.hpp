#pragma once

#include <cstdint>
#include <string>

#include "bugs.hpp"

namespace fealty::simulation {

/// What a seed went through, to see that seeds go through enough.
struct StormStats {
  std::uint64_t lives = 0, died = 0, fenced = 0, adopted = 0, commits = 0, aborts = 0, unsure = 0,
                evicted = 0, ticks = 0, expired = 0, refused = 0, entries = 0, millis = 0;
  void add(const StormStats& other);
  [[nodiscard]] std::string text() const;
};

struct StormEnd {
  std::string failure;  // empty: all is as it must be
  StormStats stats;
};

/// One seed: two or three workers over one simulated cluster through everything that may happen to
/// them, then a calm end, a takeover onto an empty disk, and the comparison with a calm run.
///
/// What must hold. A reader of what is committed sees, of each member, the ledger lines and notices
/// of the calm run in its order, and the same dead letters; the stores hold the calm run's members,
/// each with the ledger lines that went out, and every timer; a disk made again from the changelog
/// holds the same; taking over publishes nothing.
StormEnd run_storm(std::uint64_t seed, Bug bug);

}  // namespace fealty::simulation
