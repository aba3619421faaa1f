#include "fealty/state/open_partitions.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace fealty::state {
namespace {

TEST(OpenPartitions, AStandbyHasNoneThatAWorkerHas) {
  OpenPartitions open;
  open.enter(3);
  EXPECT_FALSE(open.try_follow(3));
  EXPECT_TRUE(open.try_follow(4));
  EXPECT_FALSE(open.try_follow(4));
  open.leave(3);
  EXPECT_TRUE(open.try_follow(3));
  EXPECT_FALSE(open.wanted(3));
}

TEST(OpenPartitions, AWorkerHasAStandbyLeaveAndNoneComesBetween) {
  OpenPartitions open;
  ASSERT_TRUE(open.try_follow(3));
  bool entered = false;
  std::thread worker{[&] {
    open.enter(3);
    entered = true;
  }};
  while (!open.wanted(3)) std::this_thread::yield();
  open.unfollow(3);
  // From here on it is the worker's, whether it runs already or not.
  EXPECT_FALSE(open.try_follow(3));
  worker.join();
  EXPECT_TRUE(entered);
  EXPECT_FALSE(open.try_follow(3));
  EXPECT_FALSE(open.wanted(3));
}

TEST(OpenPartitions, AWorkerDoesNotWaitForAnotherThatHasLostItsPartition) {
  OpenPartitions open;
  open.enter(3);  // by one that does not know yet that its session is over
  open.enter(3);
  open.leave(3);
  EXPECT_FALSE(open.try_follow(3));
  open.leave(3);
  EXPECT_TRUE(open.try_follow(3));
}

}  // namespace
}  // namespace fealty::state
