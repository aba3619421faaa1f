#include <gtest/gtest.h>

#include "decode_support.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/codec/digest.hpp"

namespace fealty::codec {
namespace {

using event::Header;
using event::Type;

template <class T>
const T& data_of(const Bench& bench) {
  return std::get<T>(bench.event.data);
}

TEST(CloudEvents, TheEnvelopeIsRead) {
  Bench bench;
  ASSERT_EQ(bench.outcome(cloudevent("login", R"({"channel":"app"})")), "ok");
  EXPECT_EQ(bench.event.type, Type::login);
  EXPECT_EQ(bench.event.id, "e-1");
  EXPECT_EQ(bench.event.source, "/shop");
  EXPECT_EQ(bench.event.member, "m-1");
  EXPECT_EQ(to_rfc3339(bench.event.time), "2026-03-04T05:06:07.890Z");
  EXPECT_EQ(bench.event.member_hash, hash64("m-1"));
  EXPECT_EQ(bench.event.id_hash, hash64("e-1", hash64("/shop")));
  EXPECT_EQ(data_of<event::Login>(bench).channel, "app");
}

TEST(CloudEvents, APurchaseIsReadWithItsLines) {
  Bench bench;
  ASSERT_EQ(bench.outcome(cloudevent("purchase", R"({
      "lines": [ {"line":"1","sku":"a","category":"shoes","brand":"acme","quantity":2,"price":"9.99"},
                 {"sku":"b","quantity":1,"price":1e1} ],
      "order_id":"o-1", "currency":"EUR", "total":27.48, "subtotal":29.98, "tax":0, "shipping":"2.50",
      "discount":5, "points_paid":100, "channel":"web", "store":"berlin", "unknown":{"a":[1,null]} })")),
            "ok");
  const auto& purchase = data_of<event::Purchase>(bench);
  EXPECT_EQ(purchase.order_id, "o-1");
  EXPECT_EQ(purchase.currency, *Currency::from_code("EUR"));
  EXPECT_EQ(purchase.total_minor, 2748);
  EXPECT_EQ(purchase.subtotal_minor, 2998);
  EXPECT_EQ(purchase.tax_minor, 0);
  EXPECT_EQ(purchase.shipping_minor, 250);
  EXPECT_EQ(purchase.discount_minor, 500);
  EXPECT_EQ(purchase.points_paid, 100);
  EXPECT_EQ(purchase.channel, "web");
  EXPECT_EQ(purchase.store, "berlin");
  ASSERT_EQ(purchase.lines.size(), 2U);
  EXPECT_EQ(purchase.lines[0].line, "1");
  EXPECT_EQ(purchase.lines[0].category, "shoes");
  EXPECT_EQ(purchase.lines[0].brand, "acme");
  EXPECT_EQ(purchase.lines[0].quantity, 2);
  EXPECT_EQ(purchase.lines[0].price_minor, 999);
  EXPECT_EQ(purchase.lines[1].sku, "b");
  EXPECT_EQ(purchase.lines[1].price_minor, 1000);
}

TEST(CloudEvents, WithoutATotalTheLinesAddUp) {
  Bench bench;
  ASSERT_EQ(
      bench.outcome(purchase(
          R"(,"lines":[{"sku":"a","quantity":3,"price":1.10},{"sku":"b","quantity":1,"price":2}])")),
      "ok");
  EXPECT_EQ(data_of<event::Purchase>(bench).total_minor, 530);
}

TEST(CloudEvents, TheCurrencyDecidesTheScaleWhereverItStands) {
  Bench bench;
  ASSERT_EQ(
      bench.outcome(cloudevent("purchase", R"({"total":"1.234","order_id":"o","currency":"KWD"})")),
      "ok");
  EXPECT_EQ(data_of<event::Purchase>(bench).total_minor, 1234);
  ASSERT_EQ(
      bench.outcome(cloudevent("purchase", R"({"total":1234,"order_id":"o","currency":"JPY"})")),
      "ok");
  EXPECT_EQ(data_of<event::Purchase>(bench).total_minor, 1234);
}

TEST(CloudEvents, TheTypeMayFollowTheDataAndHaveAPrefix) {
  Bench bench;
  ASSERT_EQ(bench.outcome(R"({"data":{"order_id":"o-9"},"time":"2026-01-01T00:00:00Z",
      "subject":"m","id":"e","type":"com.shop.cancel"})"),
            "ok");
  EXPECT_EQ(bench.event.type, Type::cancel);
  EXPECT_EQ(data_of<event::Cancel>(bench).order_id, "o-9");
}

TEST(CloudEvents, ARefundMayNameAmountsLinesOrTheWholeOrder) {
  Bench bench;
  ASSERT_EQ(bench.outcome(cloudevent("refund", R"({"order_id":"o"})")), "ok");
  EXPECT_FALSE(data_of<event::Refund>(bench).amount_minor.has_value());
  EXPECT_TRUE(data_of<event::Refund>(bench).lines.empty());

  ASSERT_EQ(bench.outcome(cloudevent(
                "refund", R"({"order_id":"o","refund_id":"r","currency":"USD","amount":1.5,
                "lines":[{"line":"1"},{"sku":"b","quantity":2},{"sku":"c","amount":"0.5"}],"reason":"broken"})")),
            "ok");
  const auto& refund = data_of<event::Refund>(bench);
  EXPECT_EQ(refund.refund_id, "r");
  EXPECT_EQ(refund.amount_minor, 150);
  EXPECT_EQ(refund.reason, "broken");
  ASSERT_EQ(refund.lines.size(), 3U);
  EXPECT_EQ(refund.lines[0].line, "1");
  EXPECT_EQ(refund.lines[1].quantity, 2);
  EXPECT_EQ(refund.lines[2].amount_minor, 50);
}

TEST(CloudEvents, TheHostsCurrencyReadsTheAmountOfARefundThatStatesNone) {
  Mapping mapping = cloudevents_mapping();
  mapping.default_currency = *Currency::from_code("JPY");
  Bench bench{std::move(mapping)};
  ASSERT_EQ(bench.outcome(cloudevent("refund", R"({"order_id":"o","amount":150})")), "ok");
  EXPECT_EQ(data_of<event::Refund>(bench).amount_minor, 150);
  EXPECT_EQ(bench.outcome(cloudevent("purchase", R"({"order_id":"o","total":1})")),
            "missing_field: currency");
}

TEST(CloudEvents, TheOtherTypesAreRead) {
  Bench bench;
  ASSERT_EQ(
      bench.outcome(cloudevent(
          "view", R"({"sku":"a","category":"c","brand":"b","dwell_ms":1200,"channel":"app"})")),
      "ok");
  EXPECT_EQ(bench.event.type, Type::view);
  EXPECT_EQ(data_of<event::Touch>(bench).dwell_ms, 1200);

  ASSERT_EQ(
      bench.outcome(cloudevent(
          "review", R"({"sku":"a","review_id":"r","rating":"4","text":"fine","language":"en"})")),
      "ok");
  EXPECT_EQ(data_of<event::Review>(bench).rating, 4);

  ASSERT_EQ(bench.outcome(cloudevent("redemption", R"({"redemption_id":"r","phase":"capture"})")),
            "ok");
  EXPECT_EQ(data_of<event::Redemption>(bench).phase, event::RedemptionPhase::capture);
  EXPECT_EQ(data_of<event::Redemption>(bench).points, 0);

  ASSERT_EQ(
      bench.outcome(cloudevent("adjustment", R"({"points":-250,"actor":"ann","reason":"fraud"})")),
      "ok");
  EXPECT_EQ(data_of<event::Adjustment>(bench).points, -250);

  ASSERT_EQ(
      bench.outcome(cloudevent(
          "enrol", R"({"joined":"2020-01-02","birthday":"1990-12-31","time_zone":"Europe/Berlin",
                "attributes": { "vip" : true , "tags":["a","b"] } })")),
      "ok");
  EXPECT_EQ(bench.event.type, Type::enrol);
  EXPECT_EQ(to_iso_date(*data_of<event::Profile>(bench).joined), "2020-01-02");
  EXPECT_EQ(to_iso_date(*data_of<event::Profile>(bench).birthday), "1990-12-31");
  EXPECT_EQ(data_of<event::Profile>(bench).attributes, R"({ "vip" : true , "tags":["a","b"] })");

  for (const char* type : {"consent", "merge", "erase", "item"}) {
    ASSERT_EQ(bench.outcome(cloudevent(type, R"({"a": {"b":1}} )")), "ok") << type;
    EXPECT_EQ(data_of<event::Other>(bench).data, R"({"a": {"b":1}})");
  }
}

TEST(CloudEvents, EscapedTextIsUnescaped) {
  Bench bench;
  ASSERT_EQ(
      bench.outcome(cloudevent(
          "review", R"({"rating":5,"text":"\"a\\b\/c\b\f\n\r\t\u00e9\u20ac\ud83d\ude00\""})")),
      "ok");
  EXPECT_EQ(data_of<event::Review>(bench).text,
            "\"a\\b/c\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

TEST(CloudEvents, AByteOrderMarkIsNoFault) {
  Bench bench;
  EXPECT_EQ(bench.outcome("\xef\xbb\xbf" + cloudevent("login", "{}")), "ok");
}

TEST(CloudEvents, BinaryModeReadsTheHeadersAndTheBodyIsTheData) {
  Bench bench;
  const std::vector<Header> headers{{"content-type", "application/json"},
                                    {"CE_SpecVersion", "1.0"},
                                    {"ce_id", "e-7"},
                                    {"ce_source", "/shop"},
                                    {"ce_type", "com.shop.purchase"},
                                    {"ce_subject", "m-7"},
                                    {"ce_time", "2026-01-01T00:00:00Z"},
                                    {"other", "\xff"}};
  ASSERT_EQ(bench.outcome(R"({"order_id":"o","currency":"USD","total":5})", headers), "ok");
  EXPECT_EQ(bench.event.id, "e-7");
  EXPECT_EQ(bench.event.member, "m-7");
  EXPECT_EQ(data_of<event::Purchase>(bench).total_minor, 500);
}

TEST(CloudEvents, BothModesGiveTheSameEvent) {
  Bench bench;
  ASSERT_EQ(bench.outcome(cloudevent("item", R"({"sku":"a"})")), "ok");
  const std::uint64_t digest = digest_of(bench.event);
  const std::vector<Header> headers{{"ce_id", "e-1"},
                                    {"ce_source", "/shop"},
                                    {"ce_type", "item"},
                                    {"ce_subject", "m-1"},
                                    {"ce_time", "2026-03-04T05:06:07.890Z"}};
  ASSERT_EQ(bench.outcome(R"( {"sku":"a"} )", headers), "ok");
  EXPECT_EQ(digest_of(bench.event), digest);
}

TEST(CloudEvents, BinaryModeRefusesWhatItsHeadersLack) {
  Bench bench;
  const std::vector<Header> no_member{
      {"ce_id", "e"}, {"ce_type", "login"}, {"ce_time", "2026-01-01T00:00:00Z"}};
  EXPECT_EQ(bench.outcome("{}", no_member), "missing_field: member");
  EXPECT_EQ(bench.outcome("", no_member), "missing_field: member");
  const std::vector<Header> twice{{"ce_id", "e"}, {"CE_ID", "f"}};
  EXPECT_EQ(bench.outcome("{}", twice), "duplicate_key: id");
  const std::vector<Header> bytes{{"ce_id", "\xff"}};
  EXPECT_EQ(bench.outcome("{}", bytes), "invalid_utf8: id");
}

TEST(CloudEvents, StructuredContentWithHeadersIsStillStructured) {
  Bench bench;
  const std::vector<Header> headers{{"content-type", "application/cloudevents+json; charset=UTF-8"},
                                    {"ce_id", "other"}};
  ASSERT_EQ(bench.outcome(cloudevent("login", "{}"), headers), "ok");
  EXPECT_EQ(bench.event.id, "e-1");
}

TEST(CloudEvents, OnlyWhatTouchesMoneyIsDigested) {
  Bench bench;
  ASSERT_EQ(bench.outcome(purchase(R"(,"total":1)")), "ok");
  EXPECT_EQ(bench.event.digest, digest_of(bench.event));
  EXPECT_EQ(bench.event.id_hash, 0U);
  ASSERT_EQ(bench.outcome(cloudevent("login", "{}")), "ok");
  EXPECT_EQ(bench.event.digest, 0U);
  EXPECT_NE(bench.event.id_hash, 0U);
}

TEST(CloudEvents, TheDigestTellsARepeatFromAConflict) {
  Bench bench;
  const auto digest = [&](const std::string& record) {
    EXPECT_EQ(bench.outcome(record), "ok");
    return bench.event.digest;
  };
  const std::uint64_t first = digest(purchase(R"(,"total":1)"));
  EXPECT_EQ(digest(purchase(R"(, "total" : "1.00", "unknown":1)")), first);
  EXPECT_NE(digest(purchase(R"(,"total":1.01)")), first);
  EXPECT_NE(digest(purchase(R"(,"total":1,"tax":0)")), first);
}

}  // namespace
}  // namespace fealty::codec
