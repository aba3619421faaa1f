#include "fealty/base/murmur2.hpp"

#include <gtest/gtest.h>

namespace fealty {
namespace {

TEST(Murmur2, GivesTheValuesOfKafkasOwnTests) {
  const auto hash = [](std::string_view key) { return static_cast<std::int32_t>(murmur2(key)); };
  EXPECT_EQ(hash("21"), -973932308);
  EXPECT_EQ(hash("foobar"), -790332482);
  EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(hash("abc"), 479470107);
}

TEST(Murmur2, PlacesAKeyByTheHashWithoutItsSign) {
  EXPECT_EQ(kafka_partition_of("foobar", 4),
            (static_cast<std::uint32_t>(-790332482) & 0x7fffffffU) % 4);
  EXPECT_EQ(kafka_partition_of("anything", 1), 0U);
}

}  // namespace
}  // namespace fealty
