#include <gtest/gtest.h>

#include <vector>

#include "decode_support.hpp"

namespace fealty::codec {
namespace {

struct Bad {
  std::string record;
  std::string outcome;
};

std::string with_time(std::string_view time) {
  return R"({"id":"e","type":"login","subject":"m","time":)" + std::string{time} + "}";
}

std::string nested(std::size_t depth) {
  return R"({"id":"e","type":"login","subject":"m","time":"2026-01-01T00:00:00Z","x":)" +
         std::string(depth, '[') + std::string(depth, ']') + "}";
}

std::string line(std::string_view fields) {
  return purchase(R"(,"lines":[{"sku":"s",)" + std::string{fields} + "}]");
}

const std::vector<Bad>& bad_records() {
  static const std::vector<Bad> records{
      // No JSON object.
      {"", "empty_record"},
      {" \t\r", "empty_record"},
      {"null", "malformed_json"},
      {"[]", "wrong_type: record"},
      {"\"text\"", "malformed_json"},
      {"{", "malformed_json"},
      {R"({"id":"e","type":"log)", "malformed_json"},
      {R"({"id":"e","type":"login","subject":"m")", "malformed_json"},
      {R"({"id":"e" "type":"login"})", "malformed_json"},
      {R"({"id":"e",})", "malformed_json"},
      {R"({"id"})", "malformed_json"},
      {R"({"data":{"x":1})", "malformed_json"},
      {R"({"data":{"x":[1,2}}})", "malformed_json"},
      {R"({"x":nul})", "malformed_json"},
      {R"({"x":01})", "malformed_json"},
      {R"({"x":"a"b"})", "malformed_json"},
      {purchase(R"(,"total":1)") + "x", "malformed_json"},
      {purchase(R"(,"total":1)") + purchase(R"(,"total":1)"), "malformed_json"},
      {purchase(R"(,"total":1)") + "}", "malformed_json"},
      // NUL bytes, raw and escaped; control characters.
      {std::string("{\"id\":\"a\0b\"}", 12), "malformed_json"},
      {purchase(R"(,"total":1)") + std::string(1, '\0'), "malformed_json"},
      {std::string(5, '\0'), "malformed_json"},
      {R"({"id":"\u0000","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "malformed_json: id"},
      {R"({"id":"\ud800","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "malformed_json: id"},
      {R"({"id":"\q","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "malformed_json: id"},
      // UTF-8.
      {"{\"id\":\"\xff\"}", "invalid_utf8"},
      {"{\"id\":\"\xc0\xaf\"}", "invalid_utf8"},
      {"{\"id\":\"\xed\xa0\x80\"}", "invalid_utf8"},
      {"{\"x\":\"\xe2\x82\"}", "invalid_utf8"},
      // Depth and size.
      {nested(1000), "too_deep: record"},
      {std::string(1'000'000, '['), "wrong_type: record"},
      {nested(500'000), "too_deep: record"},
      {std::string(record_bytes_max + 1, ' '), "record_too_large"},
      {nested(1'000'000), "record_too_large"},
      // Envelope.
      {R"({"id":"e","subject":"m","time":"2026-01-01T00:00:00Z"})", "missing_field: type"},
      {R"({"type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})", "missing_field: id"},
      {R"({"id":"","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "missing_field: id"},
      {R"({"id":null,"type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "missing_field: id"},
      {R"({"id":"e","type":"login","time":"2026-01-01T00:00:00Z"})", "missing_field: member"},
      {R"({"id":"e","type":"login","subject":"","time":"2026-01-01T00:00:00Z"})",
       "missing_field: member"},
      {R"({"id":"e","type":"login","subject":"m"})", "missing_field: time"},
      {R"({"id":7,"type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})", "wrong_type: id"},
      {R"({"id":"e","type":"login","subject":["m"],"time":"2026-01-01T00:00:00Z"})",
       "wrong_type: member"},
      {R"({"id":"e","type":"login","subject":true,"time":"2026-01-01T00:00:00Z"})",
       "wrong_type: member"},
      {R"({"id":"e","type":"login","subject":")" + std::string(257, 'm') +
           R"(","time":"2026-01-01T00:00:00Z"})",
       "out_of_range: member"},
      {R"({"id":")" + std::string(513, 'e') +
           R"(","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "out_of_range: id"},
      {R"({"id":"e","id":"f","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "duplicate_key: id"},
      {R"({"id":"e","\u0069d":"f","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "duplicate_key: id"},
      {purchase(R"(,"total":1,"total":2)"), "duplicate_key: total"},
      {purchase(R"(,"total":null,"total":2)"), "duplicate_key: total"},
      {cloudevent("purchse", "{}"), "unknown_type: type"},
      {cloudevent("com.shop.", "{}"), "unknown_type: type"},
      {R"({"specversion":"0.3","id":"e","type":"login","subject":"m","time":"2026-01-01T00:00:00Z"})",
       "out_of_range: specversion"},
      {cloudevent("login", "\"text\""), "wrong_type: data"},
      {cloudevent("login", "[]"), "wrong_type: data"},
      // Times.
      {with_time("\"9999-12-31T23:59:59Z\""), "out_of_range: time"},
      {with_time("\"1601-01-01T00:00:00Z\""), "out_of_range: time"},
      {with_time("\"2026-02-30T00:00:00Z\""), "wrong_type: time"},
      {with_time("\"yesterday\""), "wrong_type: time"},
      {with_time("1767225600"), "wrong_type: time"},
      {with_time("{}"), "wrong_type: time"},
      // Amounts.
      {purchase(""), "missing_field: total"},
      {purchase(R"(,"lines":[])"), "missing_field: total"},
      {purchase(R"(,"total":1e400)"), "out_of_range: total"},
      {purchase(R"(,"total":1e-400)"), "too_many_decimals: total"},
      {purchase(R"(,"total":-1)"), "out_of_range: total"},
      {purchase(R"(,"total":-0)"), "out_of_range: total"},
      {purchase(R"(,"total":-0.0)"), "out_of_range: total"},
      {purchase(R"(,"total":NaN)"), "malformed_json: total"},
      {purchase(R"(,"total":"NaN")"), "wrong_type: total"},
      {purchase(R"(,"total":Infinity)"), "malformed_json: total"},
      {purchase(R"(,"total":12345678901234567890)"), "out_of_range: total"},
      {purchase(R"(,"total":"12345678901234567890")"), "out_of_range: total"},
      {purchase(R"(,"total":10000000000000.01)"), "out_of_range: total"},
      {purchase(R"(,"total":1.234)"), "too_many_decimals: total"},
      {purchase(R"(,"total":"1,50")"), "wrong_type: total"},
      {purchase(R"(,"total":true)"), "wrong_type: total"},
      {purchase(R"(,"total":{})"), "wrong_type: total"},
      {purchase(R"(,"total":1,"tax":-1)"), "out_of_range: tax"},
      {purchase(R"(,"total":1,"points_paid":1.5)"), "too_many_decimals: points_paid"},
      {cloudevent("purchase", R"({"order_id":"o","total":1})"), "missing_field: currency"},
      {cloudevent("purchase", R"({"order_id":"o","total":1,"currency":"XXX"})"),
       "unknown_currency: currency"},
      {cloudevent("purchase", R"({"order_id":"o","total":1,"currency":"usd"})"),
       "unknown_currency: currency"},
      {cloudevent("purchase", R"({"order_id":"o","total":1.5,"currency":"JPY"})"),
       "too_many_decimals: total"},
      {cloudevent("purchase", R"({"total":1,"currency":"USD"})"), "missing_field: order_id"},
      {cloudevent("purchase", R"({"order_id":"","total":1,"currency":"USD"})"),
       "missing_field: order_id"},
      // Lines.
      {line(R"("quantity":0,"price":1)"), "out_of_range: quantity"},
      {line(R"("quantity":-2,"price":1)"), "out_of_range: quantity"},
      {line(R"("quantity":1.5,"price":1)"), "too_many_decimals: quantity"},
      {line(R"("quantity":1000000001,"price":1)"), "out_of_range: quantity"},
      {line(R"("quantity":1,"price":-1)"), "out_of_range: price"},
      {line(R"("quantity":1)"), "missing_field: price"},
      {line(R"("price":1)"), "missing_field: quantity"},
      {line(R"("quantity":1000000000,"price":9999999999999)"), "out_of_range: lines"},
      {line(R"("quantity":1,"price":1,"price":2)"), "duplicate_key: price"},
      {purchase(R"(,"total":1,"lines":[1])"), "wrong_type: lines"},
      {purchase(R"(,"total":1,"lines":{})"), "wrong_type: lines"},
      {purchase(R"(,"total":1,"lines":"none")"), "wrong_type: lines"},
      {purchase(R"(,"total":1,"lines":[{"quantity":1,"price":1}])"), "missing_field: sku"},
      // The other types.
      {cloudevent("refund", R"({"order_id":"o","amount":1})"), "missing_field: currency"},
      {cloudevent("refund", R"({"order_id":"o","amount":-1,"currency":"USD"})"),
       "out_of_range: amount"},
      {cloudevent("refund", R"({"order_id":"o","lines":[{"quantity":1}]})"), "missing_field: line"},
      {cloudevent("refund", R"({"order_id":"o","lines":[{"sku":"s","quantity":0}]})"),
       "out_of_range: quantity"},
      {cloudevent("refund", "{}"), "missing_field: order_id"},
      {cloudevent("cancel", "null"), "missing_field: order_id"},
      {cloudevent("review", R"({"rating":0})"), "out_of_range: rating"},
      {cloudevent("review", R"({"rating":6})"), "out_of_range: rating"},
      {cloudevent("review", R"({"rating":4.5})"), "too_many_decimals: rating"},
      {cloudevent("review", R"({"sku":"s"})"), "missing_field: rating"},
      {cloudevent("redemption", R"({"redemption_id":"r","points":0})"), "out_of_range: points"},
      {cloudevent("redemption", R"({"redemption_id":"r"})"), "missing_field: points"},
      {cloudevent("redemption", R"({"points":5})"), "missing_field: redemption_id"},
      {cloudevent("redemption", R"({"redemption_id":"r","points":5,"phase":"later"})"),
       "out_of_range: phase"},
      {cloudevent("adjustment", R"({"points":0,"actor":"a","reason":"r"})"),
       "out_of_range: points"},
      {cloudevent("adjustment", R"({"points":-1000000000001,"actor":"a","reason":"r"})"),
       "out_of_range: points"},
      {cloudevent("adjustment", R"({"points":1,"reason":"r"})"), "missing_field: actor"},
      {cloudevent("view", R"({"dwell_ms":-5})"), "out_of_range: dwell_ms"},
      {cloudevent("profile", R"({"birthday":"1990-02-30"})"), "out_of_range: birthday"},
      {cloudevent("profile", R"({"attributes":"x"})"), "wrong_type: attributes"}};
  return records;
}

TEST(BadInput, EachBadRecordIsRefusedWithItsReasonAndField) {
  Bench bench;
  for (const Bad& bad : bad_records()) {
    EXPECT_EQ(bench.outcome(bad.record), bad.outcome) << bad.record.substr(0, 200);
  }
}

TEST(BadInput, ABadRecordLeavesItsNeighboursAlone) {
  // Given one decoder for all records, and a good record with every slot of a purchase in use.
  Bench bench;
  const std::string good = line(R"("quantity":2,"price":"1.25")");
  ASSERT_EQ(bench.outcome(good), "ok");
  const std::uint64_t digest = bench.event.digest;
  // When bad records come between good ones, then each good one decodes to the same event.
  for (const Bad& bad : bad_records()) {
    bench.outcome(bad.record);
    ASSERT_EQ(bench.outcome(good), "ok") << "after " << bad.record.substr(0, 200);
    EXPECT_EQ(bench.event.digest, digest);
    EXPECT_EQ(std::get<event::Purchase>(bench.event.data).total_minor, 250);
  }
}

TEST(BadInput, WhatStandsBehindTheRecordDoesNotMatter) {
  for (const char filler : {'\0', '}', '"', ']', ',', '1', '{', ' ', '\xff'}) {
    Bench bench;
    bench.filler = filler;
    for (const Bad& bad : bad_records()) {
      EXPECT_EQ(bench.outcome(bad.record), bad.outcome)
          << "padding '" << filler << "' " << bad.record.substr(0, 200);
    }
    EXPECT_EQ(bench.outcome(purchase(R"(,"total":1)")), "ok");
  }
}

TEST(BadInput, ARecordCutAnywhereIsRefused) {
  Bench bench;
  const std::string good = line(R"("quantity":2,"price":"1.25")");
  for (std::size_t size = 1; size < good.size(); ++size) {
    EXPECT_NE(bench.outcome(good.substr(0, size)), "ok") << size;
  }
}

TEST(BadInput, TooManyLinesAreRefused) {
  std::string lines = R"({"sku":"s","quantity":1,"price":1})";
  const std::string one = "," + lines;
  for (std::size_t i = 1; i < event::lines_max; ++i) lines += one;
  Bench bench;
  EXPECT_EQ(bench.outcome(purchase(",\"lines\":[" + lines + "]")), "ok");
  EXPECT_EQ(bench.outcome(purchase(",\"lines\":[" + lines + one + "]")), "out_of_range: lines");
}

}  // namespace
}  // namespace fealty::codec
