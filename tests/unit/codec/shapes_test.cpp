// Records of a known shape: what is captured of them is what a parse captures.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "fealty/base/check.hpp"
#include "pair.hpp"

namespace fealty::codec {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const std::size_t at = text.find(what);
  check(at != std::string::npos, "a text that is there");
  return text.replace(at, what.size(), by);
}

TEST(Shapes, ARecordThatDiffersInItsScalarsAloneIsNotParsed) {
  Pair pair;
  const std::string record = purchase(R"(,"total":12.30,"lines":[{"sku":"a","quantity":1,"price":3}])");
  EXPECT_EQ(pair.known(record), pair.parsed(record));
  EXPECT_EQ(pair.by_shape(), 0U);
  for (const auto& [what, by] : std::vector<std::pair<std::string, std::string>>{
           {"12.30", "7"},
           {"12.30", R"("7.5")"},
           {"12.30", "null"},
           {R"("a")", R"("a much longer text than the one before, of more than a word or two")"},
           {R"("a")", R"("äöü")"},
           {R"("a")", R"("")"},
           {"m-1", "m-2"}}) {
    const std::string other = replaced(record, what, by);
    const std::uint64_t before = pair.by_shape();
    EXPECT_EQ(pair.known(other), pair.parsed(other)) << other;
    EXPECT_EQ(pair.by_shape(), before + 1) << other;
  }
}

TEST(Shapes, WhatIsNoSuchRecordIsLeftToTheParse) {
  Pair pair;
  const std::string record =
      cloudevent("purchase", R"({"order_id":"o-1","currency":"EUR","total":12.30,"x":true,)"
                             R"("lines":[{"sku":"a","quantity":1,"price":3}]})");
  ASSERT_TRUE(pair.known(record).starts_with("purchase"));
  for (const auto& [what, by] :
       std::vector<std::pair<std::string, std::string>>{{"12.30", "012.30"},
                                                        {"12.30", "12."},
                                                        {"12.30", "-"},
                                                        {"12.30", "1.2.3"},
                                                        {"12.30", "+1"},
                                                        {"12.30", ""},
                                                        {"12.30", "{}"},
                                                        {"12.30", "[1]"},
                                                        {"12.30", "12.30 "},
                                                        {"12.30", "tru"},
                                                        {"true", "trux"},
                                                        {"true", "tru"},
                                                        {"true", "falsey"},
                                                        {"true", "nul"},
                                                        {"true", "1e"},
                                                        {R"("a")", R"("a)"},
                                                        {R"("a")", R"("\u00e4")"},
                                                        {R"("a")", R"("\x")"},
                                                        {R"("a")", "\"\x01\""},
                                                        {R"("a")", "\"\xff\""},
                                                        {R"("a")", "\"\xc3\""},
                                                        {R"("a")", R"("a"b")"},
                                                        {R"("sku")", R"("SKU")"},
                                                        {R"("sku")", R"("price")"},
                                                        {R"("x")", R"("total")"},
                                                        {"}]}}", "}]}"},
                                                        {"}]}}", "}]}}}"},
                                                        {"}]}}", "}]}} x"},
                                                        {"}]}}", "}]}} "},
                                                        {"}]}}", "},{}]}}"},
                                                        {R"({"sku")", R"({},{"sku")"},
                                                        {R"("lines":[)", R"("lines":{)"}}) {
    const std::string other = replaced(record, what, by);
    const std::string parsed = pair.parsed(other);
    // Twice: the first may have been learned from.
    EXPECT_EQ(pair.known(other), parsed) << other;
    EXPECT_EQ(pair.known(other), parsed) << other;
    EXPECT_EQ(pair.known(record), pair.parsed(record)) << "after " << other;
  }
}

TEST(Shapes, ATextThatBeginsAsAnotherDoesIsToldFromIt) {
  Pair pair;
  // `"a":1`, `"a":{...}`, `"a":{}` and `"a":[...]` in turn, each learned while the others are
  // known.
  const std::array<std::string, 5> inner{R"("a":1)", R"("a":{"b":1})", R"("a":{})", R"("a":[1,2])",
                                         R"("a": 1)"};
  for (int round = 0; round < 3; ++round) {
    for (const std::string& part : inner) {
      const std::string record = cloudevent("view", R"({"sku":"s",)" + part + "}");
      EXPECT_EQ(pair.known(record), pair.parsed(record)) << record;
    }
  }
  EXPECT_EQ(pair.by_shape(), 2 * inner.size());
}

TEST(Shapes, AShapeEndsWhereTheRecordDoes) {
  // The record is a part of a longer buffer, which goes on as another shape would.
  Pair pair;
  const std::string shorter = cloudevent("view", R"({"sku":"s"})");
  const std::string longer = replaced(shorter, R"("s"})", R"("s","brand":"b"})");
  for (const std::string& record : {shorter, longer}) pair.known(record);
  for (std::size_t size = 1; size < longer.size(); ++size) {
    const std::string cut = longer.substr(0, size);
    EXPECT_EQ(pair.known(cut), pair.parsed(cut)) << cut;
  }
}

TEST(Shapes, MoreShapesThanThereIsRoomForDoNoHarmAndAreForgotten) {
  Pair pair;
  for (int i = 0; i < 3'000; ++i) {
    const std::string record =
        cloudevent("view", R"({"k)" + std::to_string(i) + R"(":1,"sku":"s"})");
    ASSERT_EQ(pair.known(record), pair.parsed(record));
  }
  const std::uint64_t before = pair.by_shape();
  const std::string common = cloudevent("login", R"({"channel":"web"})");
  for (int i = 0; i < 20'000; ++i) pair.known(common);
  EXPECT_GT(pair.by_shape(), before + 5'000);
}

}  // namespace
}  // namespace fealty::codec
