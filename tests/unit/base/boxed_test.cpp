#include "fealty/base/boxed.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

namespace fealty {
namespace {

struct Notes {
  std::vector<std::string> lines;
  int count = 7;
  friend bool operator==(const Notes&, const Notes&) = default;
};

TEST(Boxed, ReadsAsNewUntilItIsWritten) {
  Boxed<Notes> box;
  EXPECT_FALSE(box.held());
  EXPECT_EQ(box->count, 7);
  EXPECT_FALSE(box.held());
  box.edit().count = 8;
  EXPECT_TRUE(box.held());
  EXPECT_EQ(box->count, 8);
}

TEST(Boxed, IsCopiedByValue) {
  Boxed<Notes> one;
  one.edit().lines = {"a"};
  Boxed<Notes> other = one;
  other.edit().lines.push_back("b");
  EXPECT_THAT(one->lines, testing::ElementsAre("a"));
  one = other;
  EXPECT_THAT(one->lines, testing::ElementsAre("a", "b"));
  const Boxed<Notes> moved = std::move(other);
  EXPECT_EQ(moved, one);
  one = Boxed<Notes>{};
  EXPECT_FALSE(one.held());
}

TEST(Boxed, ComparesWhatItReadsAs) {
  Boxed<Notes> never, written;
  written.edit().count = 8;
  EXPECT_NE(never, written);
  written.edit().count = 7;
  EXPECT_EQ(never, written);
}

}  // namespace
}  // namespace fealty
