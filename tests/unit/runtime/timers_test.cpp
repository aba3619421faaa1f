#include "fealty/runtime/timers.hpp"

#include <gmock/gmock.h>

#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t all = 1000;

class TimersTest : public testing::Test {
 protected:
  void add(const std::string& id, Day due) {
    const Slot slot = shared.make(id, due);
    timers.add(slot, shared.cache.member(slot));
  }
  /// Loaded from the shelf, unchanged.
  void load(const std::string& id) {
    const Slot slot = shared.make(id, shelf.members.at(id).due());
    shared.cache.member(slot).stored_due = shelf.members.at(id).due();
    timers.add(slot, shared.cache.member(slot));
  }
  void move(const std::string& id, Day due) {
    const Slot slot = shared.cache.find(shared.cache.key_of(id, 0), 0, id);
    shared.cache.member(slot).record.level.check = due;
    timers.add(slot, shared.cache.member(slot));
  }
  /// Everything due up to `today`, page by page.
  std::vector<std::string> due(Day today, std::size_t limit, bool ask_store = true) {
    std::vector<std::string> found;
    ports::DuePlace after;
    for (bool more = true; more;) {
      DuePage page;
      const auto read = timers.upcoming(after, today, limit, ask_store ? &store : nullptr, page);
      EXPECT_TRUE(read.has_value());
      for (const DueMember& due : page.members) {
        found.push_back(std::to_string(due.place.day) + " " + due.place.member);
        EXPECT_LT(after, due.place);
      }
      more = page.more;
      if (more) {
        EXPECT_LT(after, page.reached) << "each page gets on";
        after = page.reached;
      }
    }
    return found;
  }
  Shared shared;
  Shelf shelf;
  ShelfStore store{shelf};
  Timers timers{shared.cache, 0, shared.topology.next_switch};
};

TEST_F(TimersTest, OrderIsDayThenMemberWhereverTheyAre) {
  add("m3", 5);
  shelf.put("m2", 5);
  add("m9", 4);
  shelf.put("m8", 4);
  shelf.put("m7", 6);
  add("m1", 7);
  for (const std::size_t limit : {1U, 2U, 3U, 5U, 100U}) {
    EXPECT_THAT(due(6, limit), ElementsAre("4 m8", "4 m9", "5 m2", "5 m3", "6 m7")) << limit;
  }
}

TEST_F(TimersTest, PagesOfAnySizeNameEverybodyOnce) {
  std::vector<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string id = "m" + std::to_string(1000 + i);
    const Day day = i % 7;
    (i % 3 == 0) ? add(id, day) : shelf.put(id, day);
  }
  expected = due(6, all);
  ASSERT_EQ(expected.size(), 200U);
  for (const std::size_t limit : {1U, 3U, 16U, 199U}) EXPECT_EQ(due(6, limit), expected) << limit;
}

TEST_F(TimersTest, WhoIsLoadedAndUnchangedIsKnownFromTheStore) {
  shelf.put("m1", 5);
  load("m1");
  EXPECT_THAT(due(5, all), ElementsAre("5 m1"));
  EXPECT_THAT(due(5, all, false), IsEmpty());
}

TEST_F(TimersTest, AMovedDayCountsAndTheOldOneDoesNot) {
  shelf.put("m1", 5);
  load("m1");
  move("m1", 8);
  add("m2", 6);
  move("m2", 7);
  move("m2", 6);
  EXPECT_THAT(due(9, all), ElementsAre("6 m2", "8 m1"));
  move("m1", no_day);
  move("m2", no_day);
  EXPECT_THAT(due(9, all), IsEmpty());
}

TEST_F(TimersTest, ADayThatComesBackToWhatWasSavedIsKnownInMemory) {
  // Given a member that was saved, but never loaded: the store need not be asked.
  add("m1", 5);
  const Slot slot = shared.cache.find(shared.cache.key_of("m1", 0), 0, "m1");
  shared.cache.member(slot).stored_due = 5;
  move("m1", no_day);
  EXPECT_THAT(due(9, all, false), IsEmpty());
  move("m1", 5);
  EXPECT_THAT(due(9, all, false), ElementsAre("5 m1"));
}

TEST_F(TimersTest, ASlotThatAnotherMemberGotHasNoTimerOfTheFirst) {
  add("m1", 5);
  shared.cache.drop_partition(0);
  add("m2", 9);
  EXPECT_THAT(due(8, all), IsEmpty());
  EXPECT_THAT(due(9, all), ElementsAre("9 m2"));
}

TEST_F(TimersTest, WhatATurnHasPassedIsNotDueAgain) {
  add("m1", 5);
  shelf.put("m2", 5);
  timers.turned(5);
  EXPECT_THAT(due(6, all), IsEmpty());
  add("m3", 6);
  EXPECT_THAT(due(6, all), ElementsAre("6 m3"));
}

TEST_F(TimersTest, AClockThatWentBackFindsWhatItsFirstWordHadPassed) {
  timers.turned(30'000);
  add("m1", 5);
  timers.turned(4);
  EXPECT_THAT(due(6, all), ElementsAre("5 m1"));
}

TEST_F(TimersTest, MovingADayOftenTakesNoMoreThanTwiceTheMembers) {
  constexpr std::size_t members = 3000;
  for (std::size_t i = 0; i < members; ++i) add("m" + std::to_string(i), 5);
  const std::size_t once = timers.bytes();
  for (Day day = 6; day < 60; ++day) {
    for (std::size_t i = 0; i < members; ++i) move("m" + std::to_string(i), day);
  }
  EXPECT_LE(timers.bytes(), 4 * once);
  EXPECT_EQ(due(60, all).size(), members);
}

}  // namespace
}  // namespace fealty::runtime
