#include "standstill.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace fealty::cli {
namespace {

constexpr std::chrono::milliseconds long_enough{60'000};

/// Workers that count as fast as they can.
class Counting {
 public:
  Counting(Standstill& standstill, std::size_t workers) : standstill_{standstill} {
    for (std::size_t i = 0; i < workers; ++i) {
      threads_.emplace_back([this] {
        while (!stop) {
          ++steps;
          standstill_.pass();
        }
        standstill_.leave();
      });
    }
  }
  ~Counting() {
    stop = true;
    for (std::thread& thread : threads_) thread.join();
  }
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> steps = 0;

 private:
  Standstill& standstill_;
  std::vector<std::thread> threads_;
};

TEST(Standstill, NobodyMovesWhileSomebodyActsAndAllGoOnAfterwards) {
  Standstill standstill{3};
  Counting workers{standstill, 3};
  for (int round = 0; round < 200; ++round) {
    bool acted = false;
    ASSERT_TRUE(standstill.during(long_enough, [&] {
      const std::uint64_t before = workers.steps;
      for (int i = 0; i < 100; ++i) std::this_thread::yield();
      EXPECT_EQ(workers.steps, before);
      acted = true;
    }));
    EXPECT_TRUE(acted);
    const std::uint64_t after = workers.steps;
    while (workers.steps == after) std::this_thread::yield();
  }
}

TEST(Standstill, OneThatDoesNotComeToItInTimeLetsTheOthersGoOn) {
  Standstill standstill{2};  // of which one is busy elsewhere
  Counting workers{standstill, 1};
  bool acted = false;
  EXPECT_FALSE(standstill.during(std::chrono::milliseconds{1}, [&] { acted = true; }));
  EXPECT_FALSE(acted);
  const std::uint64_t after = workers.steps;
  while (workers.steps == after) std::this_thread::yield();
}

TEST(Standstill, WhoHasLeftIsNotWaitedFor) {
  Standstill standstill{1};
  standstill.leave();
  bool acted = false;
  EXPECT_TRUE(standstill.during(long_enough, [&] { acted = true; }));
  EXPECT_TRUE(acted);
}

}  // namespace
}  // namespace fealty::cli
