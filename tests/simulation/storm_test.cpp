#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "seeds.hpp"
#include "storm.hpp"
#include "topology.hpp"

namespace fealty::simulation {
namespace {

TEST(Simulation, WorkersInAStormLoseAndDoubleNothing) {
  StormStats all;
  for (const std::uint64_t seed : seeds_to_run()) {
    const SeedNote note{seed};
    const StormEnd end = run_storm(seed, sim_topology(), Bug::none);
    ASSERT_EQ(end.failure, "") << rerun(seed);
    all.add(end.stats);
  }
  // A storm in which nothing happens proves nothing.
  EXPECT_GT(all.records, 0U);
  std::printf("lives %lu died %lu commits %lu aborts %lu unsure %lu fenced %lu ticks %lu refused %lu entries %lu\n",
              all.lives, all.died, all.commits, all.aborts, all.unsure, all.fenced, all.ticks,
              all.refused, all.records);
}

}  // namespace
}  // namespace fealty::simulation
