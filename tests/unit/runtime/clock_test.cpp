#include "fealty/runtime/clock.hpp"

#include <gtest/gtest.h>

namespace fealty::runtime {
namespace {

constexpr std::uint64_t anna = 1, bert = 2;

EventTime day(int n) { return EventTime{std::chrono::days{20'000 + n}}; }

/// Sees an event as the runtime does; false where it was refused.
bool sees(Clock& clock, EventTime time, std::uint64_t member) {
  if (!clock.believes(time, member)) return false;
  clock.accepted(time);
  return true;
}

TEST(Clock, FollowsTheLargestEventTime) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(3), anna));
  EXPECT_TRUE(sees(clock, day(1), anna));
  EXPECT_EQ(clock.now(), day(3));
}

TEST(Clock, OneTimestampFarAheadIsRefusedAndDoesNotMoveIt) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(0), anna));
  EXPECT_FALSE(sees(clock, day(5000), bert));
  EXPECT_TRUE(sees(clock, day(1), anna));
  EXPECT_EQ(clock.now(), day(1));
}

TEST(Clock, TheSameMemberIsNoWitnessOfItself) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(0), anna));
  EXPECT_FALSE(sees(clock, day(5000), bert));
  EXPECT_FALSE(sees(clock, day(5000), bert));
  EXPECT_FALSE(sees(clock, day(5001), bert));
  EXPECT_EQ(clock.now(), day(0));
}

TEST(Clock, AnotherMemberFarAheadAtAboutThatTimeMovesIt) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(0), anna));
  EXPECT_FALSE(sees(clock, day(900), bert));
  EXPECT_TRUE(sees(clock, day(905), anna));
  EXPECT_EQ(clock.now(), day(905));
}

TEST(Clock, TwoFarAheadThatAreFarFromEachOtherAreNoWitnesses) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(0), anna));
  EXPECT_FALSE(sees(clock, day(5000), bert));
  EXPECT_FALSE(sees(clock, day(900), anna));
  EXPECT_EQ(clock.now(), day(0));
}

TEST(Clock, AFirstEventFarAheadOfTheSecondIsTakenBack) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(5000), anna));
  EXPECT_TRUE(sees(clock, day(0), bert));
  EXPECT_EQ(clock.now(), day(0));
  EXPECT_TRUE(sees(clock, day(1), bert));
  EXPECT_EQ(clock.now(), day(1));
}

TEST(Clock, ALateEventDoesNotTurnAConfirmedClockBack) {
  Clock clock{std::chrono::days{400}};
  EXPECT_TRUE(sees(clock, day(5000), anna));
  EXPECT_TRUE(sees(clock, day(5001), bert));
  EXPECT_TRUE(sees(clock, day(0), bert));
  EXPECT_EQ(clock.now(), day(5001));
}

TEST(Clock, IsTheSameAfterItsStateWasSavedAndRestored) {
  Clock before{std::chrono::days{400}};
  EXPECT_TRUE(sees(before, day(0), anna));
  EXPECT_FALSE(sees(before, day(5000), anna));
  Clock after{std::chrono::days{400}};
  after.restore(before.state());
  EXPECT_TRUE(sees(before, day(4900), bert));
  EXPECT_TRUE(sees(after, day(4900), bert));
  EXPECT_EQ(after.state(), before.state());
}

}  // namespace
}  // namespace fealty::runtime
