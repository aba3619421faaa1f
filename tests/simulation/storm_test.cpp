#include "storm.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "seeds.hpp"

namespace fealty::simulation {
namespace {

TEST(Simulation, WorkersInAStormLoseAndDoubleNothing) {
  constexpr std::size_t enough = 100;
  const auto seeds = seeds_to_run();
  StormStats all;
  for (const std::uint64_t seed : seeds) {
    const SeedNote note{seed};
    const StormEnd end = run_storm(seed, Bug::none);
    ASSERT_EQ(end.failure, "") << rerun(seed);
    all.add(end.stats);
  }
  std::cout << seeds.size() << " storms: " << all.text() << "\n";
  // Storms in which nothing happens prove nothing.
  EXPECT_GT(all.commits, 0U);
  if (seeds.size() < enough) return;
  EXPECT_GT(all.died, enough / 4);
  EXPECT_GT(all.fenced, enough / 20);
  EXPECT_GT(all.aborts, enough);
  EXPECT_GT(all.unsure, enough);
  EXPECT_GT(all.evicted, enough);
  EXPECT_GT(all.ticks, enough);
  EXPECT_GT(all.expired, enough / 20);
  EXPECT_GT(all.adopted, enough / 4);
  EXPECT_GT(all.refused, enough / 4);
}

TEST(Storm, OfASeedIsTheSameHistoryEachTime) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    EXPECT_EQ(run_storm(seed, Bug::none).stats.text(), run_storm(seed, Bug::none).stats.text())
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace fealty::simulation
