#include "fealty/runtime/member_cache.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace fealty::runtime {
namespace {

TEST(MemberCache, FindsWhatWasInsertedAndNothingElse) {
  MemberCache cache{std::size_t{1} << 30U};
  for (int i = 0; i < 50'000; ++i) {
    const std::string id = "m" + std::to_string(i);
    cache.insert(cache.key_of(id, 1), 1, id);
  }
  for (int i = 0; i < 50'000; ++i) {
    const std::string id = "m" + std::to_string(i);
    const Slot slot = cache.find(cache.key_of(id, 1), 1, id);
    ASSERT_NE(slot, no_slot);
    EXPECT_EQ(cache.member(slot).record.id, id);
    EXPECT_EQ(cache.find(cache.key_of(id, 2), 2, id), no_slot);
  }
}

TEST(MemberCache, TellsMembersWithTheSameHashApart) {
  MemberCache cache{std::size_t{1} << 20U};
  const Slot anna = cache.insert(42, 0, "anna");
  const Slot bert = cache.insert(42, 0, "bert");
  EXPECT_EQ(cache.find(42, 0, "anna"), anna);
  EXPECT_EQ(cache.find(42, 0, "bert"), bert);
  EXPECT_EQ(cache.find(42, 0, "carl"), no_slot);
}

TEST(MemberCache, LetsOnlySavedMembersGoWhenItIsFull) {
  MemberCache cache{200'000};
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "m" + std::to_string(i);
    CachedMember& member = cache.member(cache.insert(cache.key_of(id, 0), 0, id));
    if (i % 2 == 0) member.first_unsaved = 1;
  }
  ASSERT_TRUE(cache.over());
  EXPECT_EQ(cache.shrink(), 500U);
  EXPECT_EQ(cache.evictions(), 500U);
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "m" + std::to_string(i);
    EXPECT_EQ(cache.find(cache.key_of(id, 0), 0, id) != no_slot, i % 2 == 0) << id;
  }
}

TEST(MemberCache, LeavesOverHalfOfItsBoundToWhatComesLater) {
  constexpr std::size_t bound = std::size_t{4} << 20U;
  MemberCache cache{bound};
  int members = 0;
  while (!cache.over()) {  // With nothing but their slots.
    const std::string id = "m" + std::to_string(members++);
    cache.insert(cache.key_of(id, 0), 0, id);
  }
  EXPECT_GT(members * sizeof(CachedMember), bound / 16 * 7);
  EXPECT_LT(members * sizeof(CachedMember), bound / 16 * 7 + 2 * sizeof(CachedMember));
  EXPECT_EQ(cache.shrink(), 1U);
  EXPECT_FALSE(cache.over());
}

TEST(MemberCache, StaysRightThroughManyRandomInsertsAndEvictions) {
  std::mt19937_64 random{7};
  MemberCache cache{300'000};
  std::map<std::string, Slot> last;  // where each was put; evicted or not
  for (int step = 0; step < 200'000; ++step) {
    const std::string id = "m" + std::to_string(random() % 2000);
    Slot slot = cache.find(cache.key_of(id, 3), 3, id);
    if (slot == no_slot) slot = cache.insert(cache.key_of(id, 3), 3, id);
    ASSERT_EQ(cache.member(slot).record.id, id);
    last[id] = slot;
    if (step % 500 == 0) cache.shrink();
  }
  std::size_t held = 0;
  for (const auto& [id, slot] : last) {
    const Slot found = cache.find(cache.key_of(id, 3), 3, id);
    if (found == no_slot) continue;
    ++held;
    EXPECT_EQ(found, slot);
  }
  EXPECT_EQ(held, cache.size());
}

TEST(MemberCache, DropsAPartitionWhole) {
  MemberCache cache{std::size_t{1} << 20U};
  cache.insert(1, 0, "anna");
  cache.member(cache.insert(2, 1, "bert")).first_unsaved = 5;
  cache.drop_partition(1);
  EXPECT_NE(cache.find(1, 0, "anna"), no_slot);
  EXPECT_EQ(cache.find(2, 1, "bert"), no_slot);
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace fealty::runtime
