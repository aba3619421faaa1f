#include "fealty/runtime/standby.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "long_changelog.hpp"
#include "members_fixture.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::uint32_t> range(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> out;
  for (; from < to; ++from) out.push_back(from);
  return out;
}

TEST(StandbysOf, TwoProcessesFollowEachOther) {
  const std::vector<GroupProcess> group{{"a", {0, 2}}, {"b", {1, 3}}};
  EXPECT_THAT(standbys_of("a", group, 4, 1), ElementsAre(1, 3));
  EXPECT_THAT(standbys_of("b", group, 4, 1), ElementsAre(0, 2));
}

TEST(StandbysOf, NobodyFollowsHimselfNorWhoIsNotInTheGroup) {
  EXPECT_THAT(standbys_of("a", std::vector<GroupProcess>{{"a", {0, 1}}}, 2, 1), IsEmpty());
  EXPECT_THAT(standbys_of("x", std::vector<GroupProcess>{{"a", {0, 1}}}, 2, 1), IsEmpty());
  EXPECT_THAT(standbys_of("b", std::vector<GroupProcess>{{"a", {0}}, {"b", {}}}, 1, 0), IsEmpty());
}

TEST(StandbysOf, EachPartitionHasAsManyAsAreAskedForEachElsewhereThanItsOwner) {
  const std::vector<GroupProcess> group{
      {"a", range(0, 100)}, {"b", range(100, 200)}, {"c", range(200, 300)}, {"d", {}}};
  for (const std::uint32_t standbys : {1U, 2U, 3U, 8U}) {
    std::vector<std::uint32_t> followers(300);
    for (const GroupProcess& one : group) {
      const auto chosen = standbys_of(one.id, group, 300, standbys);
      EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
      EXPECT_GT(chosen.size(), std::min(standbys, 3U) * 300U / 8U) << one.id;  // about even
      for (const std::uint32_t partition : chosen) {
        ++followers[partition];
        EXPECT_EQ(std::count(one.partitions.begin(), one.partitions.end(), partition), 0);
      }
    }
    EXPECT_THAT(followers, testing::Each(std::min(standbys, 3U)));
  }
}

TEST(StandbysOf, OneThatComesMovesFew) {
  std::vector<GroupProcess> group{{"a", range(0, 100)}, {"b", {}}, {"c", {}}, {"d", {}}};
  const auto before = standbys_of("b", group, 100, 1);
  group.push_back({"e", {}});
  const auto after = standbys_of("b", group, 100, 1);
  EXPECT_TRUE(std::includes(before.begin(), before.end(), after.begin(), after.end()));
}

class StandbyPass : public testing::Test {
 protected:
  class Stores final : public ports::MemberStores {
   public:
    explicit Stores(StandbyPass& test) : test_{test} {}
    Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t) override {
      return Error{Errc::store_unavailable, "a standby opens as one"};
    }
    Result<std::unique_ptr<ports::MemberStore>> open_standby(std::uint32_t) override {
      if (test_.worked_on) return std::unique_ptr<ports::MemberStore>{};
      return std::unique_ptr<ports::MemberStore>{std::make_unique<ShelfStore>(test_.shelf)};
    }
    [[nodiscard]] bool wanted(std::uint32_t) const override {
      return test_.shelf.restored_to.size() >= test_.wanted_after;
    }
    Result<void> save(std::span<const Save>) override { return {}; }

   private:
    StandbyPass& test_;
  };
  Result<Standby::Pass> pass() { return Standby{stores, changelog}.pass(3, stop); }

  Shelf shelf;
  bool worked_on = false;
  std::size_t wanted_after = 100;
  std::atomic<bool> stop = false;
  Stores stores{*this};
  LongChangelog changelog{10, 4};
};

TEST_F(StandbyPass, GoesFromWhereTheStoreStandsToTheEnd) {
  shelf.checkpoint.emplace().changelog_position = 7;
  const auto done = pass();
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->whole);
  EXPECT_EQ(done->records, 3U);
  EXPECT_EQ(done->position, 10U);
  EXPECT_EQ(shelf.restored_to, (std::vector<std::uint64_t>{8, 9, 10}));
  EXPECT_EQ(shelf.restores_ended, 1);
}

TEST_F(StandbyPass, LeavesAloneWhatAWorkerHas) {
  worked_on = true;
  const auto done = pass();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->whole);
  EXPECT_THAT(changelog.steps, IsEmpty());
}

TEST_F(StandbyPass, MakesWayForAWorkerWithoutEndingTheRestore) {
  wanted_after = 4;
  const auto done = pass();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->whole);
  EXPECT_EQ(done->records, 4U);
  EXPECT_EQ(shelf.restores_ended, 0);
}

TEST_F(StandbyPass, StopsWhenItIsToldTo) {
  stop = true;
  const auto done = pass();
  ASSERT_TRUE(done);
  EXPECT_FALSE(done->whole);
  EXPECT_EQ(shelf.restores_ended, 0);
}

}  // namespace
}  // namespace fealty::runtime
