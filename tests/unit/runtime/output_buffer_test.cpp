#include <gtest/gtest.h>

#include <string>

#include "fealty/ports/output.hpp"
#include "unit/streams.hpp"

namespace fealty::ports {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20U;

std::string value_of(int n) {
  return std::string(500 + static_cast<std::size_t>(n) % 700, static_cast<char>('a' + n % 26));
}

TEST(OutputBuffer, ARecordStaysWhereItIsWhileMoreCome) {
  OutputBuffer out;
  // The first block grows to its size first.
  for (int n = 0; n < 1'000; ++n)
    out.add(streams::notices, 0, "k" + std::to_string(n), value_of(n));
  const std::string_view early = out.value(out.items()[900]);
  for (int n = 1'000; n < 6'000; ++n)
    out.add(streams::ledger, 1, "k" + std::to_string(n), value_of(n));
  EXPECT_EQ(out.value(out.items()[900]).data(), early.data());
  ASSERT_EQ(out.items().size(), 6'000U);
  std::size_t bytes = 0;
  for (int n = 0; n < 6'000; ++n) {
    const auto& item = out.items()[static_cast<std::size_t>(n)];
    ASSERT_EQ(out.key(item), "k" + std::to_string(n));
    ASSERT_EQ(out.value(item), value_of(n));
    bytes += out.key(item).size() + out.value(item).size();
  }
  EXPECT_EQ(out.bytes(), bytes);
}

TEST(OutputBuffer, OneLargerThanABlockIsWhole) {
  OutputBuffer out;
  const std::string large(3 * mib, 'x');
  out.add(streams::notices, 0, "small", "one");
  out.add(streams::notices, 0, "large", large);
  out.start(streams::notices, 0, "in ").append("two ").append("parts");
  out.finish();
  out.add(streams::notices, 0, "after", "");
  EXPECT_EQ(out.value(out.items()[0]), "one");
  EXPECT_EQ(out.value(out.items()[1]), large);
  EXPECT_EQ(out.value(out.items()[2]), "two parts");
  EXPECT_EQ(out.key(out.items()[3]), "after");
  EXPECT_EQ(out.value(out.items()[3]), "");
}

TEST(OutputBuffer, TakesSomeOfAnothersRecordsInTheirOrder) {
  OutputBuffer from, out;
  for (int n = 0; n < 1'000; ++n)
    from.add(n % 2 == 0 ? streams::notices : streams::ledger, static_cast<std::uint32_t>(n),
             "k" + std::to_string(n), value_of(n));
  out.add(streams::notices, 7, "own", "first");
  out.append(from, 400, 900);
  out.append(from, 3, 3);
  out.append(from, 0, 1);
  ASSERT_EQ(out.items().size(), 502U);
  EXPECT_EQ(out.value(out.items()[0]), "first");
  std::size_t bytes = 8;
  for (int n = 400; n <= 900; ++n) {
    const int expected = n == 900 ? 0 : n;
    const auto& item = out.items()[static_cast<std::size_t>(n - 400 + 1)];
    EXPECT_EQ(item.stream, from.items()[static_cast<std::size_t>(expected)].stream);
    EXPECT_EQ(item.partition, static_cast<std::uint32_t>(expected));
    EXPECT_EQ(out.key(item), "k" + std::to_string(expected));
    EXPECT_EQ(out.value(item), value_of(expected));
    bytes += out.key(item).size() + out.value(item).size();
  }
  EXPECT_EQ(out.bytes(), bytes);
}

TEST(OutputBuffer, ItsMemoryIsKeptUntilItIsGivenBack) {
  OutputBuffer out;
  for (int n = 0; n < 6'000; ++n) out.add(streams::notices, 0, "key", value_of(n));
  const std::size_t held = out.capacity_bytes();
  EXPECT_GT(held, out.bytes());
  out.clear();
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(out.bytes(), 0U);
  EXPECT_EQ(out.capacity_bytes(), held);
  out.shrink_to(mib);
  EXPECT_LE(out.capacity_bytes(), mib);
  EXPECT_GT(out.capacity_bytes(), mib / 4);
  out.shrink_to(0);
  EXPECT_EQ(out.capacity_bytes(), 0U);
  out.add(streams::notices, 2, "key", "value");
  EXPECT_EQ(out.value(out.items()[0]), "value");
}

}  // namespace
}  // namespace fealty::ports
