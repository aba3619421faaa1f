// How a mapping says that amounts and times are written.
#include <gmock/gmock.h>

#include <string>

#include "fealty/codec/decoder.hpp"
#include "fealty/config/mapping_loader.hpp"

namespace fealty::config {
namespace {

using testing::HasSubstr;

std::string mapping(const std::string& more, const std::string& time = "time") {
  return "mapping: m\nformat: json\nid: id\ntype: {const: order}\nmember: user\ntime: " + time +
         "\ncurrency: USD\n" + more + R"(
types:
  purchase:
    names: [order]
    fields: {order_id: id, currency: currency, total: total, tax: tax}
    lines: {path: items, fields: {sku: sku, quantity: {const: "1"}, price: price}}
)";
}

/// "total time" of an order, or the error as "code: field".
std::string read(const std::string& yaml, const std::string& rest) {
  const auto compiled = parse_mapping(yaml, "m.yaml");
  if (!compiled) return compiled.error().detail;
  codec::Decoder decoder{*compiled};
  std::string record = R"({"id":"1","user":"u",)" + rest + "}";
  const std::size_t size = record.size();
  record.append(codec::padding_bytes, ' ');
  Arena arena;
  event::Event event;
  const auto done = decoder.decode({record.data(), size}, {}, 0, arena, event);
  if (!done) return std::string{name(done.error().code)} + ": " + std::string{done.error().field};
  return std::to_string(std::get<event::Purchase>(event.data).total_minor) + " " +
         to_rfc3339(event.time);
}
std::string total(const std::string& yaml, const std::string& amount) {
  return read(yaml, R"("time":"2026-01-01T00:00:00Z","total":)" + amount);
}

TEST(MappingFormats, JsonNumbersAreRoundedTextsAreNot) {
  const std::string plain = mapping("");
  EXPECT_EQ(total(plain, "836.9999999999998"), "83700 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(plain, R"("836.9999999999998")"), "too_many_decimals: total");
  EXPECT_EQ(total(plain, R"("12,50")"), "wrong_type: total");
  EXPECT_EQ(total(mapping("amounts: {rounding: all}"), R"("0.125")"), "12 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(mapping("amounts: {rounding: none}"), "0.125"), "too_many_decimals: total");
  EXPECT_EQ(
      read(
          plain,
          R"("time":"2026-01-01T00:00:00Z","items":[{"sku":"a","price":16.403361},{"sku":"b","price":14.596638}])"),
      "3100 2026-01-01T00:00:00Z");
}

TEST(MappingFormats, AmountsInMinorUnits) {
  const std::string minor = mapping("amounts: {unit: minor}");
  EXPECT_EQ(total(minor, "1999"), "1999 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(minor, R"("1999")"), "1999 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(minor, R"("19.99")"), "too_many_decimals: total");
  EXPECT_EQ(total(minor, R"(500,"currency":"JPY")"), "500 2026-01-01T00:00:00Z");
}

TEST(MappingFormats, AmountsAsPeopleWriteThem) {
  const std::string comma = mapping("amounts: {decimal: comma}");
  EXPECT_EQ(total(comma, R"("1.234,50 USD")"), "123450 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(comma, R"("1.000")"), "100000 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(comma, R"("1.50")"), "wrong_type: total");
  EXPECT_EQ(total(comma, R"("10 EUR")"), "unknown_currency: total");
  EXPECT_EQ(total(comma, R"("10 EUR","currency":"EUR")"), "1000 2026-01-01T00:00:00Z");
  EXPECT_EQ(total(comma, "12.5"), "1250 2026-01-01T00:00:00Z") << "a JSON number is one";
  EXPECT_EQ(total(comma, R"("-5,00")"), "out_of_range: total");
}

TEST(MappingFormats, TimesInSeveralWays) {
  const std::string several =
      mapping("", R"({path: time, format: [rfc3339, unix_ms, "%d.%m.%Y"], zone: "+01:00"})");
  for (const std::string time : {R"("2026-01-01T00:00:00Z")", R"("2026-01-01 01:00:00")",
                                 "1767225600000", R"("1767225600000")", R"("2026-01-01 0:00")"}) {
    const std::string expected =
        time == R"("2026-01-01 0:00")" ? "wrong_type: time" : "500 2026-01-01T00:00:00Z";
    EXPECT_EQ(read(several, R"("total":5,"time":)" + time), expected) << time;
  }
  EXPECT_EQ(read(several, R"("total":5,"time":"01.01.2026")"), "500 2025-12-31T23:00:00Z");
  EXPECT_EQ(read(mapping("strict: true"), R"("total":5,"time":"2026-01-01 00:00:00 UTC")"),
            "wrong_type: time");
}

TEST(MappingFormats, FaultsSayWhatAndWhere) {
  EXPECT_THAT(read(mapping("", "{path: time, format: [unix_s, unix]}"), ""),
              HasSubstr("m.yaml:6:28: time.format: unknown time format 'unix', did you mean"));
  EXPECT_THAT(read(mapping("", R"({path: time, format: "%d.%Q"})"), ""),
              HasSubstr("time.format: unknown time format '%d.%Q'"));
  EXPECT_THAT(read(mapping("", "{path: time, zone: Berlin}"), ""),
              HasSubstr("m.yaml:6:26: time.zone: 'Berlin' is no offset: UTC, or as +01:00"));
  for (const std::string zone : {"1", "\".5Z\"", "\"+1\"", "\"+25:00\""}) {
    EXPECT_THAT(read(mapping("", "{path: time, zone: " + zone + "}"), ""),
                HasSubstr("is no offset"))
        << zone;
  }
  EXPECT_THAT(read(mapping("amounts: {unit: cents}"), ""),
              HasSubstr("m.yaml:8:17: amounts.unit: unknown value 'cents'"));
  EXPECT_THAT(read(mapping("amounts: {digits: 2}"), ""), HasSubstr("amounts.digits: unknown key"));
}

}  // namespace
}  // namespace fealty::config
