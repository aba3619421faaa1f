#include "fealty/runtime/waiting_room.hpp"

#include <gmock/gmock.h>

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> origins(const std::vector<WaitingRoom::Held>& held) {
  std::vector<std::string> out;
  for (const auto& one : held) out.emplace_back(one.origin());
  return out;
}

void put(WaitingRoom& room, std::string_view order, std::string_view origin, std::int64_t since_ms,
         std::uint32_t partition = 0) {
  EXPECT_TRUE(room.take(partition, WaitingRoom::key_of(order, origin, since_ms), "event"));
}

TEST(WaitingRoom, LetsGoAllOfAnOrderInTheOrderInWhichTheyCame) {
  WaitingRoom room;
  put(room, "b", "t[0]@2", 9);
  put(room, "a", "t[0]@3", 8);
  put(room, "b", "t[0]@1", 7);
  EXPECT_TRUE(room.awaits("b"));
  EXPECT_THAT(origins(room.leave("b")), ElementsAre("t[0]@2", "t[0]@1"));
  EXPECT_FALSE(room.awaits("b"));
  EXPECT_THAT(room.leave("b"), IsEmpty());
  EXPECT_EQ(room.size(), 1U);
}

TEST(WaitingRoom, TellsOrderAndOriginApartWhateverTheOrderIsCalled) {
  WaitingRoom room;
  put(room, "line\nend", "t[0]@2#1", 9);
  const auto left = room.leave("line\nend");
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].order(), "line\nend");
  EXPECT_EQ(left[0].origin(), "t[0]@2#1");
  EXPECT_EQ(left[0].since_ms, 9);
}

TEST(WaitingRoom, ForgetsWhatWasDeletedAndHoldsNothingTwice) {
  WaitingRoom room;
  put(room, "a", "t[0]@1", 1);
  const std::string key = WaitingRoom::key_of("a", "t[0]@1", 1);
  EXPECT_FALSE(room.take(0, key, "event"));
  EXPECT_FALSE(room.take(0, key, ""));
  EXPECT_FALSE(room.take(0, key, ""));
  EXPECT_FALSE(room.awaits("a"));
  EXPECT_EQ(room.size(), 0U);
}

TEST(WaitingRoom, GivesUpThoseThatWaitLongest) {
  WaitingRoom room;
  put(room, "a", "1", 10);
  put(room, "b", "2", 5);
  put(room, "c", "3", 7);
  EXPECT_THAT(origins(room.leave_before(5)), IsEmpty());
  EXPECT_THAT(origins(room.leave_before(6)), ElementsAre("2"));
  EXPECT_THAT(origins(room.leave_beyond(1)), ElementsAre("3"));
  EXPECT_THAT(room.orders(), ElementsAre("a"));
}

TEST(WaitingRoom, DropsThoseOfAPartitionThatGoes) {
  WaitingRoom room;
  put(room, "a", "1", 1, 4);
  put(room, "a", "2", 1, 5);
  room.drop(4);
  EXPECT_THAT(origins(room.leave("a")), ElementsAre("2"));
}

}  // namespace
}  // namespace fealty::runtime
