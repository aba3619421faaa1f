#include "fealty/runtime/unsaved.hpp"

#include <gmock/gmock.h>

#include "rows_fixture.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class UnsavedTest : public testing::Test {
 protected:
  Slot make(const std::string& id) { return cache.insert(cache.key_of(id, 0), 0, id); }
  /// Puts a reservation; 0 points erase it.
  void put(Slot slot, const std::string& id, std::int64_t points) {
    unsaved.add(slot, saving[slot], reservation(id, points), effects);
  }
  std::optional<std::string> value(Slot slot, const std::string& id) {
    std::string name;
    store.encode(member::RowKey::reservation(id), name);
    const auto found = unsaved.find(slot, saving[slot], name);
    return found ? std::optional{std::string{*found}} : std::nullopt;
  }
  /// What a commit does of one member: until release_gathered() it is in flight.
  std::vector<std::string> save(Slot slot) {
    unsaved.gather({&slot, 1}, gathered);
    std::vector<std::string> values;
    for (const auto change : gathered.rows(0)) {
      values.emplace_back(change.substr(ports::row_name(change).size()));
    }
    CachedMember& member = cache.member(slot);
    saving[slot] = std::exchange(member.unsaved_rows, HistoryLog::none);
    member.rows_followed = 0;
    member.unsaved_entries = HistoryLog::none;
    return values;
  }
  void saved(Slot slot) {
    saving[slot] = HistoryLog::none;
    unsaved.release_gathered();
  }
  MemberCache cache{std::size_t{64} << 20U};
  RowStore store;
  HistoryLog log{[this](std::size_t before, std::size_t now) { cache.hold(before, now); }};
  Unsaved unsaved{store, cache, log};
  Unsaved::Gathered gathered;
  member::Effects effects;
  std::map<Slot, HistoryLog::Position> saving;
};

TEST_F(UnsavedTest, KnowsTheNewestStateOfARowAndWhichAreGone) {
  const Slot anna = make("anna"), bert = make("bert");
  put(anna, "x", 1);
  put(anna, "y", 2);
  put(bert, "x", 3);
  put(anna, "x", 4);
  put(anna, "y", 0);
  EXPECT_EQ(value(anna, "x"), "4");
  EXPECT_EQ(value(anna, "y"), "");
  EXPECT_EQ(value(bert, "x"), "3");
  EXPECT_EQ(value(bert, "y"), std::nullopt);
  EXPECT_EQ(value(anna, "xy"), std::nullopt);
}

TEST_F(UnsavedTest, SavesEachRowOnceInItsNewestState) {
  const Slot anna = make("anna");
  put(anna, "x", 1);
  put(anna, "y", 2);
  put(anna, "x", 3);
  EXPECT_THAT(save(anna), ElementsAre("2", "3"));
  saved(anna);
  EXPECT_THAT(save(anna), IsEmpty());
  // And of many, too.
  for (int round = 1; round <= 3; ++round) {
    for (int i = 10; i < 40; ++i) put(anna, std::to_string(i), round);
  }
  EXPECT_THAT(save(anna), testing::AllOf(testing::SizeIs(30), testing::Each("3")));
}

TEST_F(UnsavedTest, StillKnowsWhatIsInFlight) {
  const Slot anna = make("anna");
  put(anna, "x", 1);
  put(anna, "y", 2);
  save(anna);
  put(anna, "x", 5);
  EXPECT_EQ(value(anna, "x"), "5");
  EXPECT_EQ(value(anna, "y"), "2");
}

TEST_F(UnsavedTest, FindsARowOfABusyMemberWhateverWasSavedBetween) {
  // Given a member with thousands of rows, saved now and then, some changed again, some gone.
  const Slot anna = make("anna"), bert = make("bert");
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = std::to_string(i * 7919 % 5'000);
    const std::int64_t points = i % 10 == 0 ? 0 : i;
    put(anna, id, points);
    put(bert, id, 1'000'000 + i);
    expected[id] = points == 0 ? "" : std::to_string(points);
    if (i % 3'000 == 2'999) {
      // Then, while that is in flight, each is known in its newest state.
      save(anna);
      for (const auto& [name, newest] : expected) ASSERT_EQ(value(anna, name), newest);
      saved(anna);
      expected.clear();
    }
  }
  for (const auto& [name, newest] : expected) ASSERT_EQ(value(anna, name), newest);
  EXPECT_EQ(value(anna, "5000"), std::nullopt);
}

TEST_F(UnsavedTest, GivesBackItsMemoryAndForgetsAMemberWhoseSlotIsAnothers) {
  const std::size_t before = cache.bytes();
  const Slot anna = make("anna");
  for (int i = 0; i < 100'000; ++i) put(anna, std::to_string(i), 1);
  unsaved.count();
  EXPECT_GT(cache.bytes(), before + 4'000'000);
  save(anna);
  saved(anna);
  cache.drop_partition(0);
  const Slot bert = make("bert");
  ASSERT_EQ(bert, anna);
  put(bert, "x", 1);
  EXPECT_EQ(value(bert, "99999"), std::nullopt);
  EXPECT_EQ(value(bert, "x"), "1");
}

}  // namespace
}  // namespace fealty::runtime
