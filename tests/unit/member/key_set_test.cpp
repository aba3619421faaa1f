#include "fealty/member/key_set.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "fealty/base/hash.hpp"

namespace fealty::member {
namespace {

std::vector<KeySet::Entry> sorted(const KeySet& set) {
  std::vector<KeySet::Entry> out;
  set.copy_sorted(out);
  return out;
}

TEST(KeySet, FindsWhatWasInsertedAndNothingElseAtEverySize) {
  KeySet set;
  std::map<std::uint64_t, std::uint64_t> expected;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    // Given keys of which many want the same place in a table.
    const std::uint64_t key = i % 3 == 0 ? i << 40U : mix(i, 5);
    ASSERT_EQ(set.find(key), std::nullopt) << i;
    set.insert(key, i);
    expected[key] = i;
    ASSERT_EQ(set.size(), expected.size());
    if (i > 40 && i % 97 != 0) continue;
    for (const auto& [held, digest] : expected) ASSERT_EQ(set.find(held), digest) << i;
    for (std::uint64_t other = 0; other < 50; ++other) {
      ASSERT_EQ(set.find(mix(other, 6)), std::nullopt) << i;
    }
  }
}

TEST(KeySet, IsTheSameWhateverTheOrderOfInsertion) {
  for (const std::uint64_t size : {3U, 8U, 9U, 500U}) {
    KeySet forward, backward, assigned;
    for (std::uint64_t i = 0; i < size; ++i) forward.insert(mix(i, 1), i);
    for (std::uint64_t i = size; i-- > 0;) backward.insert(mix(i, 1), i);
    EXPECT_EQ(forward, backward);
    EXPECT_EQ(sorted(forward), sorted(backward));
    assigned.assign(sorted(forward));
    EXPECT_EQ(assigned, forward);
    backward = KeySet{};
    for (std::uint64_t i = size; i-- > 0;) backward.insert(mix(i, 1), i + 1);
    EXPECT_FALSE(forward == backward);
  }
}

}  // namespace
}  // namespace fealty::member
