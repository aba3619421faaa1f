#include "fealty/config/yaml.hpp"

#include <gmock/gmock.h>

namespace fealty::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A document read as a map, with the faults that reading adds.
struct Doc {
  explicit Doc(std::string_view text) : node{parse_yaml(text, faults)} {
    if (node) map = Value{*node, "", faults}.map();
  }
  Faults faults{"a.yaml"};
  std::optional<Node> node;
  std::optional<Map> map;
};

TEST(Yaml, AnUnknownKeyIsRefusedWithTheKeyThatWasMeant) {
  // Given a misspelt key on line 2.
  Doc doc{"name: x\ncurency: EUR\n"};

  // When the keys are asked for.
  doc.map->text("name");
  doc.map->text("currency");
  doc.map->finish();

  // Then the fault names file, line, column, key and the suggestion.
  EXPECT_THAT(doc.faults.lines(),
              ElementsAre("a.yaml:2:1: curency: unknown key, did you mean 'currency'?"));
}

TEST(Yaml, ARepeatedKeyIsAFaultAtItsSecondPlace) {
  Doc doc{"a: 1\nb:\n  c: 1\n  c: 2\n"};
  EXPECT_THAT(doc.faults.lines(), ElementsAre("a.yaml:4:3: c: duplicate key, first at line 3"));
}

TEST(Yaml, ASyntaxErrorCarriesItsPosition) {
  Doc doc{"a: [1, 2\nb: 3\n"};
  ASSERT_FALSE(doc.node);
  EXPECT_THAT(doc.faults.lines(), ElementsAre(HasSubstr("a.yaml:2:")));
  EXPECT_THAT(doc.faults.lines(), ElementsAre(HasSubstr("syntax error")));
}

TEST(Yaml, EveryFaultIsKeptInTheOrderOfTheFile) {
  Doc doc{"count: 99\nflag: yes\nname: []\n"};
  doc.map->text("name");
  doc.map->boolean("flag");
  doc.map->integer("count", 1, 10);
  EXPECT_THAT(doc.faults.lines(), ElementsAre("a.yaml:1:8: count: out of range, 1 to 10",
                                              "a.yaml:2:7: flag: must be true or false",
                                              "a.yaml:3:7: name: must be text"));
}

TEST(Yaml, AMissingRequiredKeyIsAFaultOfItsMap) {
  Doc doc{"kafka:\n  topic: t\n"};
  auto kafka = doc.map->map("kafka");
  EXPECT_FALSE(kafka->require("brokers"));
  EXPECT_THAT(doc.faults.lines(), ElementsAre("a.yaml:2:3: kafka: missing key 'brokers'"));
}

TEST(Yaml, ExactNumbersAreReadAsFractionsInLowestTerms) {
  Doc doc{"a: 1.25\nb: 6/8\nc: -3\nd: 1.5e-2\ne: 0.000000001"};
  EXPECT_EQ(doc.map->rational("a"), (program::Rational{5, 4}));
  EXPECT_EQ(doc.map->rational("b"), (program::Rational{3, 4}));
  EXPECT_EQ(doc.map->rational("c"), (program::Rational{-3, 1}));
  EXPECT_EQ(doc.map->rational("d"), (program::Rational{3, 200}));
  EXPECT_EQ(doc.map->rational("e"), (program::Rational{1, 1'000'000'000}));
  EXPECT_THAT(doc.faults.lines(), IsEmpty());
}

TEST(Yaml, NumbersThatCannotBeExactAreRefused) {
  Doc doc{"a: 1/0\nb: .nan\nc: 0.0000000001\nd: 1e400\ne: 1/-2\nf: one"};
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) EXPECT_FALSE(doc.map->rational(key));
  EXPECT_THAT(doc.faults.lines(),
              ElementsAre(HasSubstr("a: division by zero"), HasSubstr("b: must be a number"),
                          HasSubstr("c: at most 9 decimals"), HasSubstr("d: out of range"),
                          HasSubstr("e: the denominator must be positive"),
                          HasSubstr("f: must be a number")));
}

TEST(Yaml, DurationsNeedAUnitAndStayInTheirBounds) {
  Doc doc{"a: 30d\nb: 5m\nc: 100ms\nd: 0\ne: 5\nf: 2h"};
  EXPECT_EQ(doc.map->duration("a", 0ms, 24h * 40), 24h * 30);
  EXPECT_EQ(doc.map->duration("b", 0ms, 24h), 5min);
  EXPECT_EQ(doc.map->duration("c", 0ms, 1s), 100ms);
  EXPECT_EQ(doc.map->duration("d", 0ms, 1s), 0ms);
  EXPECT_FALSE(doc.map->duration("e", 0ms, 1s));
  EXPECT_FALSE(doc.map->duration("f", 0ms, 1h));
  EXPECT_THAT(doc.faults.lines(),
              ElementsAre("a.yaml:5:4: e: must be a duration such as 30d, 5m or 100ms",
                          "a.yaml:6:4: f: out of range, 0ms to 3600000ms"));
}

TEST(Yaml, AChoiceSuggestsTheNearestName) {
  constexpr std::array<std::string_view, 2> names{"floor", "ceil"};
  Doc doc{"a: flor\nb: sideways\nc: ceil"};
  EXPECT_FALSE(doc.map->choice("a", names));
  EXPECT_FALSE(doc.map->choice("b", names));
  EXPECT_EQ(doc.map->choice("c", names), 1U);
  EXPECT_THAT(doc.faults.lines(),
              ElementsAre("a.yaml:1:4: a: unknown value 'flor', did you mean 'floor'?",
                          "a.yaml:2:4: b: unknown value 'sideways', one of floor ceil"));
}

TEST(Yaml, PlacesInListsAreNamedByTheirIndex) {
  Doc doc{"rules:\n  - {weight: x}\n"};
  auto rule = doc.map->list("rules").at(0).map();
  rule->rational("weight");
  EXPECT_THAT(doc.faults.lines(), ElementsAre(HasSubstr("rules[0].weight: must be a number")));
}

TEST(Yaml, AnchorsAndSecondDocumentsAreRefused) {
  Doc anchored{"a: &x 1\nb: *x\n"};
  EXPECT_EQ(anchored.faults.size(), 2U);
  Doc two{"a: 1\n---\nb: 2\n"};
  EXPECT_THAT(two.faults.lines(), ElementsAre(HasSubstr("one file holds one document")));
}

TEST(Yaml, AnEmptyTextIsAnEmptyMap) {
  Doc doc{""};
  ASSERT_TRUE(doc.map);
  EXPECT_THAT(doc.map->keys(), IsEmpty());
  EXPECT_THAT(doc.faults.lines(), IsEmpty());
}

TEST(Yaml, AnOverrideReplacesAValueAndIsNamedAsItsPlace) {
  Doc doc{"kafka: {brokers: a}\n"};
  set_at(*doc.node, "kafka.brokers", "b", "--set");
  set_at(*doc.node, "limits.cache", "lots", "FEALTY_LIMITS__CACHE");
  Map map = *Value{*doc.node, "", doc.faults}.map();
  EXPECT_EQ(map.map("kafka")->text("brokers"), "b");
  EXPECT_FALSE(map.map("limits")->integer("cache", 0, 10));
  EXPECT_THAT(doc.faults.lines(),
              ElementsAre("FEALTY_LIMITS__CACHE: limits.cache: must be a whole number"));
}

TEST(Yaml, AFileThatCannotBeReadIsAFault) {
  Faults faults{"/nowhere/x.yaml"};
  EXPECT_FALSE(read_yaml("/nowhere/x.yaml", faults));
  EXPECT_THAT(faults.lines(), ElementsAre("/nowhere/x.yaml: cannot be read"));
}

}  // namespace
}  // namespace fealty::config
