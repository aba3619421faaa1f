#include "fealty/runtime/turn.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>

#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TurnTest : public testing::Test {
 protected:
  /// `shelves` are the stores of the partitions.
  void begin(std::size_t partitions) {
    if (!group.timeline) group.timeline = std::make_unique<Timeline>(live_timeline());
    shelves.resize(partitions);
    for (Shelf& shelf : shelves) {
      const auto number = static_cast<std::uint32_t>(group.partitions.size());
      group.partitions.push_back(std::make_unique<MemberPartition>(
          number, shared.context, std::make_unique<ShelfStore>(shelf), *group.timeline, 0));
    }
  }
  void add(const std::string& id, Day due, std::uint32_t partition) {
    const Slot slot = shared.make(id, due, partition);
    group.partitions[partition]->timers().add(slot, shared.cache.member(slot));
  }
  std::vector<std::string> turn_to(Day day, std::size_t limit, std::size_t* pages = nullptr) {
    if (pass(*group.timeline, time_on(day))) group.timeline->begin_turn();
    ports::OutputBuffer out;
    for (bool more = true; more;) {
      const auto done = turn_page(group, shared.topology.next_switch, limit, out);
      EXPECT_TRUE(done.has_value());
      more = done && !*done;
      if (pages != nullptr) ++*pages;
    }
    std::vector<std::string> notices;
    for (const auto& item : out.items()) notices.emplace_back(out.value(item));
    return notices;
  }
  Shared shared;
  std::deque<Shelf> shelves{5};
  TimelineGroup group;
};

TEST_F(TurnTest, AnnouncesByDayThenMemberOverAllPartitions) {
  shelves[0].put("c", 6);
  shelves[1].put("e", 6);
  shelves[1].put("a", 7);
  begin(2);
  add("b", 6, 1);
  add("d", 6, 0);
  EXPECT_THAT(turn_to(7, 1000), ElementsAre("6 b", "6 c", "6 d", "6 e", "7 a"));
  EXPECT_THAT(turn_to(8, 1000), IsEmpty());
}

class TurnOrder : public TurnTest, public testing::WithParamInterface<std::size_t> {};

TEST_P(TurnOrder, NeitherPartitionsNorPagesChangeIt) {
  constexpr int members = 90;
  std::vector<std::string> expected;
  for (int i = 0; i < members; ++i) {
    expected.push_back(std::to_string(10 + i * 13 % 11) + " m" + std::to_string(100 + i));
  }
  std::sort(expected.begin(), expected.end());
  const auto partition_of = [](int i) { return static_cast<std::uint32_t>(i) % GetParam(); };
  for (const std::size_t limit : {1U, 2U, 7U, 50U, 1000U}) {
    group = {};
    shelves.clear();
    shelves.resize(GetParam());
    for (std::uint32_t p = 0; p < GetParam(); ++p) shared.cache.drop_partition(p);
    for (int i = 1; i < members; i += 2) {
      shelves[partition_of(i)].put("m" + std::to_string(100 + i), 10 + i * 13 % 11);
    }
    begin(GetParam());
    for (int i = 0; i < members; i += 2) {
      add("m" + std::to_string(100 + i), 10 + i * 13 % 11,
          static_cast<std::uint32_t>(partition_of(i)));
    }
    std::size_t pages = 0;
    EXPECT_EQ(turn_to(30, limit, &pages), expected) << "pages of " << limit;
    if (limit == 1) {
      EXPECT_GT(pages, 20U);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Partitions, TurnOrder, testing::Values(1, 2, 5));

TEST_F(TurnTest, WhatWentOutBeforeIsDoneAgainWithoutAWord) {
  // Given a commit in the middle of the turn before record 1.
  Timeline before = live_timeline();
  const Moment start = before.moment();
  pass(before, time_on(6));
  ports::Checkpoint checkpoint;
  before.fill(start, checkpoint);
  group.timeline = std::make_unique<Timeline>(
      std::chrono::days{400}, [](EventTime time) { return day_of(time); },
      CommittedTo{1, ports::DuePlace{5, "b"}});
  group.timeline->begin(checkpoint);
  begin(1);
  for (const char* const id : {"a", "b", "c", "d"}) add(id, 5, 0);
  // When the turn is worked off again, a page at a time.
  EXPECT_THAT(turn_to(6, 1), ElementsAre("5 c", "5 d"));
}

TEST_F(TurnTest, WhoIsDueTwiceIsReadFromTheStoreOnce) {
  // Given a day on which everybody is due, and a member at rest who is due before it, too.
  shared.topology.next_switch = [](Day day) { return day < 10 ? 10 : no_day; };
  shelves[0].put("a", 8);
  shelves[0].put("b", no_day);
  begin(1);
  EXPECT_THAT(turn_to(12, 1000), ElementsAre("8 a"));
  EXPECT_EQ(shared.cache.size(), 2U);
}

TEST_F(TurnTest, WhoWasSavedBehindATurnHasBeenThroughIt) {
  // Given a clock whose first word lay far ahead, and a member saved since it was taken back.
  shelves[0].put("a", 1050);
  shelves[0].put("b", 1050, 9);
  begin(1);
  EXPECT_THAT(turn_to(1300, 1000), ElementsAre("1050 a"));
  // When the clock is back on its way, it falls due in its time.
  EXPECT_THAT(turn_to(800, 1000), IsEmpty());
  while (group.timeline->next() < 9) pass(*group.timeline, time_on(800));
  EXPECT_THAT(turn_to(1060, 1000), ElementsAre("1050 b"));
}

}  // namespace
}  // namespace fealty::runtime
