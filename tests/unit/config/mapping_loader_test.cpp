#include "fealty/config/mapping_loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fealty::config {
namespace {

using testing::HasSubstr;

std::string faults(std::string_view text) {
  const auto mapping = parse_mapping(text, "m.yaml");
  EXPECT_TRUE(mapping.has_error());
  return mapping ? "" : mapping.error().detail;
}

TEST(MappingLoader, ShowsEveryFaultWithItsPlace) {
  const std::string found = faults(R"(mapping: shop
format: jsno
id: id
type: type
membr: user
time: {path: at, format: unix}
currency: ABC
types:
  purchse: {names: [a]}
  refund:
    names: [Refunded]
    refund_lines: some
    fields:
      order_di: order
)");
  EXPECT_THAT(found, HasSubstr("m.yaml:2:9: format"));
  EXPECT_THAT(found, HasSubstr("did you mean 'json'"));
  EXPECT_THAT(found, HasSubstr("m.yaml:5:1: membr"));
  EXPECT_THAT(found, HasSubstr("did you mean 'member'"));
  EXPECT_THAT(found, HasSubstr("m.yaml:6:26: time.format"));
  EXPECT_THAT(found, HasSubstr("m.yaml:7:11: currency: 'ABC' is no ISO 4217 code"));
  EXPECT_THAT(found, HasSubstr("did you mean 'purchase'"));
  EXPECT_THAT(found, HasSubstr("m.yaml:12:19: types.refund.refund_lines"));
  EXPECT_THAT(found, HasSubstr("did you mean 'order_id'"));
}

TEST(MappingLoader, RefusesPathsAndColumnsThatCannotBe) {
  const std::string head = "mapping: m\nid: id\ntype: type\nmember: m\ntime: t\n";
  EXPECT_THAT(faults(head + "types: {login: {names: [a], fields: {channel: 'a..b'}}}\n"),
              HasSubstr("'a..b' is no path"));
  EXPECT_THAT(faults(head + "types: {login: {names: [a]}, view: {names: [a]}}\n"),
              HasSubstr("two types are named 'a'"));
  EXPECT_THAT(faults(head + "types: {}\n"), HasSubstr("no event type is mapped"));
  EXPECT_THAT(faults(head + "format: delimited\ndelimited: {columns: [id, type, m]}\n"
                            "types: {login: {names: [a]}}\n"),
              HasSubstr("there is no column 't'"));
}

TEST(MappingLoader, AnUnknownPresetIsNamedWithWhereItWasLookedFor) {
  const auto mapping = load_mapping("segmnt");
  ASSERT_TRUE(mapping.has_error());
  EXPECT_EQ(mapping.error().code, Errc::invalid_config);
  EXPECT_THAT(mapping.error().detail, HasSubstr("did you mean 'segment'"));
  EXPECT_THAT(mapping.error().detail, HasSubstr("/config/mappings"));
}

TEST(MappingLoader, AMissingFileIsAFault) {
  EXPECT_TRUE(load_mapping("/nowhere/m.yaml").has_error());
}

}  // namespace
}  // namespace fealty::config
