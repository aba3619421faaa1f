#include "fealty/base/arena.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

namespace fealty {
namespace {

TEST(Arena, CopiesLiveUntilReset) {
  Arena arena{64};
  const std::string text(50, 'a');
  const std::string_view first = arena.copy(text);
  const std::string_view second = arena.copy(std::string(1000, 'b'));
  EXPECT_EQ(first, text);
  EXPECT_EQ(second, std::string(1000, 'b'));
  EXPECT_TRUE(arena.copy(std::string_view{}).empty());
}

TEST(Arena, HandsOutAlignedMemory) {
  Arena arena{64};
  for (std::size_t size = 1; size < 40; ++size) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(size)) % 16, 0U);
  }
}

TEST(Arena, AWarmArenaTakesNoMoreMemory) {
  Arena arena{256};
  const auto fill = [&] {
    for (int i = 0; i < 100; ++i) arena.allocate(100);
  };
  fill();
  const std::size_t warm = arena.bytes_held();
  for (int round = 0; round < 5; ++round) {
    arena.reset();
    fill();
  }
  EXPECT_EQ(arena.bytes_held(), warm);
}

TEST(Arena, CopiesSpans) {
  Arena arena;
  const std::array<int, 3> numbers{1, 2, 3};
  const std::span<int> copy = arena.copy(std::span<const int>{numbers});
  EXPECT_EQ(copy.size(), 3U);
  EXPECT_EQ(copy[2], 3);
}

}  // namespace
}  // namespace fealty
