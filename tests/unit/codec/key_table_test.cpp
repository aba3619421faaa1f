#include "fealty/codec/key_table.hpp"

#include <gtest/gtest.h>

namespace fealty::codec {
namespace {

/// Each key at its own place, and none of its neighbours.
void expect_found(const std::vector<std::string>& keys) {
  const KeyTable table{keys};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(table.find(keys[i]), static_cast<int>(i)) << keys[i];
    EXPECT_EQ(table.find_padded(std::string_view{keys[i] + "        "}.substr(0, keys[i].size())),
              static_cast<int>(i));
    EXPECT_EQ(table.find(keys[i] + "x"), KeyTable::none);
    EXPECT_EQ(table.find(std::string_view{keys[i]}.substr(1)), KeyTable::none);
  }
}

TEST(KeyTable, FindsKeysOfAllSizes) {
  expect_found(
      {"i", "id", "source", "order_id", "specversion", "datacontenttype", "redemption_id"});
}

TEST(KeyTable, TellsLongKeysApartThatBeginAndEndAlike) {
  const std::vector<std::string> keys{"customer.0001.identifier", "customer.0002.identifier", "id"};
  expect_found(keys);
  EXPECT_EQ(KeyTable{keys}.find("customer.0003.identifier"), KeyTable::none);
  EXPECT_EQ(KeyTable({keys[0]}).find(keys[1]), KeyTable::none);
}

}  // namespace
}  // namespace fealty::codec
