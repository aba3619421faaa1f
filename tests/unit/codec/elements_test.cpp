#include "fealty/codec/elements.hpp"

#include <gmock/gmock.h>

namespace fealty::codec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string_view> elements(std::string_view record) {
  std::vector<std::string_view> out;
  EXPECT_TRUE(split_batch(record, out)) << record;
  return out;
}

TEST(Elements, OfABatchAreCutWhereItsOwnCommasAre) {
  EXPECT_THAT(elements(R"([{"a":[1,2]},{"b":"},]\"["}])"),
              ElementsAre(R"({"a":[1,2]})", R"({"b":"},]\"["})"));
  EXPECT_THAT(elements(" [ 1 ,\n\"x,y\" , [ 2 , 3 ] ] \r\n"),
              ElementsAre("1", "\"x,y\"", "[ 2 , 3 ]"));
  EXPECT_THAT(elements("\xef\xbb\xbf[{}]"), ElementsAre("{}"));
  EXPECT_THAT(elements("[ ]"), IsEmpty());
  EXPECT_THAT(elements("[]"), IsEmpty());
}

TEST(Elements, AreNotJudged) {
  EXPECT_THAT(elements(R"([{"a":nul},{},{"b" 1}])"),
              ElementsAre(R"({"a":nul})", "{}", R"({"b" 1})"));
}

TEST(Elements, OfWhatIsCutShortAreNone) {
  std::vector<std::string_view> out;
  for (const char* record : {"[", "[1", "[1,", "[1,]", "[,1]", "[1,,2]", "[{]", "[{}", "[\"a]",
                             "[\"a\\", "[1]]", "[1] 2", "[}", "[1}", "[1}]", "{}", "", "]"}) {
    EXPECT_FALSE(split_batch(record, out)) << record;
  }
}

TEST(Elements, BelongToArraysOnly) {
  EXPECT_TRUE(is_batch("\n [1]"));
  EXPECT_FALSE(is_batch("{}"));
  EXPECT_FALSE(is_batch(""));
}

}  // namespace
}  // namespace fealty::codec
