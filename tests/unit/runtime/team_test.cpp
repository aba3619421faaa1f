#include "fealty/runtime/team.hpp"

#include <gmock/gmock.h>

#include <cstdint>
#include <set>
#include <thread>
#include <vector>

namespace fealty::runtime {
namespace {

TEST(Team, EachShareIsDoneOnceAStepAndOnAThreadOfItsOwn) {
  for (const std::size_t size : {1U, 2U, 5U}) {
    Team team{size};
    ASSERT_EQ(team.size(), size);
    std::vector<std::uint64_t> done(size, 0);  // each share's own: no lock
    std::vector<std::thread::id> by(size);
    constexpr std::uint64_t steps = 2'000;
    std::uint64_t step = 0;
    for (step = 1; step <= steps; ++step) {
      team.run([&](std::size_t share) {
        done[share] += step;  // as the caller has set it
        by[share] = std::this_thread::get_id();
      });
      for (const std::uint64_t sum : done) ASSERT_EQ(sum, step * (step + 1) / 2);
    }
    EXPECT_EQ(by.front(), std::this_thread::get_id());
    EXPECT_EQ((std::set<std::thread::id>{by.begin(), by.end()}.size()), size);
  }
}

TEST(Team, OneThatWasNeverAskedEnds) { EXPECT_EQ(Team{3}.size(), 3U); }

}  // namespace
}  // namespace fealty::runtime
