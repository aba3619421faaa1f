#include "input_table.hpp"

#include <gtest/gtest.h>

namespace fealty::kafka {
namespace {

TEST(InputTable, OfOneTopicNumbersAreThePartitionsOwn) {
  InputTable table{"events"};
  EXPECT_FALSE(table.several());
  EXPECT_EQ(table.number_of("events", 7), 7U);
  EXPECT_EQ(table.describe(3), "events[3]");
}

TEST(InputTable, OfSeveralEachPartitionKeepsTheNumberThatItGotFirst) {
  InputTable table;
  EXPECT_TRUE(table.several());
  EXPECT_EQ(table.number_of("b", 5), 0U);
  EXPECT_EQ(table.number_of("a", 0), 1U);
  EXPECT_EQ(table.number_of("b", 0), 2U);
  EXPECT_EQ(table.number_of("b", 5), 0U);
  EXPECT_EQ(table.describe(0), "b[5]");
  EXPECT_EQ(table.place_of(1).topic, "a");
  EXPECT_EQ(table.place_of(2).partition, 0U);
}

}  // namespace
}  // namespace fealty::kafka
