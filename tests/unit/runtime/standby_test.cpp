#include "fealty/runtime/standby.hpp"

#include <gmock/gmock.h>

#include <algorithm>

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

}  // namespace
}  // namespace fealty::runtime
