#include "fealty/runtime/clock.hpp"

#include <gtest/gtest.h>

namespace fealty::runtime {
namespace {

EventTime day(int n) { return EventTime{std::chrono::days{20'000 + n}}; }

TEST(Clock, FollowsTheLargestEventTime) {
  Clock clock{std::chrono::days{400}};
  clock.observe(day(3));
  clock.observe(day(1));
  EXPECT_EQ(clock.now(), day(3));
}

TEST(Clock, OneTimestampFarAheadDoesNotMoveIt) {
  Clock clock{std::chrono::days{400}};
  clock.observe(day(0));
  clock.observe(day(5000));
  clock.observe(day(1));
  EXPECT_EQ(clock.now(), day(1));
}

TEST(Clock, ASecondEventFarAheadMovesItToTheSmallerOfTheTwo) {
  Clock clock{std::chrono::days{400}};
  clock.observe(day(0));
  clock.observe(day(5000));
  clock.observe(day(900));
  EXPECT_EQ(clock.now(), day(900));
}

TEST(Clock, IsTheSameAfterItsStateWasSavedAndRestored) {
  Clock before{std::chrono::days{400}};
  before.observe(day(0));
  before.observe(day(5000));
  Clock after{std::chrono::days{400}};
  after.restore(before.state());
  before.observe(day(4000));
  after.observe(day(4000));
  EXPECT_EQ(after.state(), before.state());
}

TEST(Clock, ATickNeverTurnsItBack) {
  Clock clock{std::chrono::days{400}};
  clock.observe(day(10));
  clock.tick(day(5));
  EXPECT_EQ(clock.now(), day(10));
  clock.tick(day(12));
  EXPECT_EQ(clock.now(), day(12));
}

}  // namespace
}  // namespace fealty::runtime
