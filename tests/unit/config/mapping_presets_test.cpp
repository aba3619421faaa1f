#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "fealty/codec/decoder.hpp"
#include "fealty/codec/digest.hpp"
#include "fealty/config/mapping_loader.hpp"

namespace fealty::config {
namespace {

using event::Type;

class Preset {
 public:
  explicit Preset(const std::string& name) : mapping_{load_mapping(name)} {
    EXPECT_TRUE(mapping_.has_value()) << (mapping_ ? "" : to_string(mapping_.error()));
    if (mapping_) decoder_ = std::make_unique<codec::Decoder>(*mapping_);
  }
  /// "ok", or "code: field".
  std::string decode(std::string_view record, std::uint64_t row = 0) {
    if (!decoder_) return "no mapping";
    arena_.reset();
    buffer_.assign(record.size() + codec::padding_bytes, ' ');
    std::memcpy(buffer_.data(), record.data(), record.size());
    const auto result = decoder_->decode({buffer_.data(), record.size()}, {}, row, arena_, event);
    if (result) return "ok";
    error = result.error();
    return std::string{name(error.code)} + ": " + std::string{error.field};
  }
  template <class T>
  const T& data() const {
    return std::get<T>(event.data);
  }
  const codec::Mapping& mapping() const { return *mapping_; }

  event::Event event;
  Error error{};

 private:
  Result<codec::Mapping> mapping_;
  std::unique_ptr<codec::Decoder> decoder_;
  Arena arena_;
  std::string buffer_;
};

/// A Segment call with `rest` in the place of its event and properties.
std::string track(std::string_view event, std::string_view properties) {
  return std::string{R"({"anonymousId":"anon-1","context":{"library":{"name":"analytics.js"},)"} +
         R"("timezone":"Europe/Berlin","channel":"web"},"event":")" + std::string{event} +
         R"(","messageId":"msg-1","properties":)" + std::string{properties} +
         R"(,"receivedAt":"2026-02-03T04:05:07.000Z","timestamp":"2026-02-03T04:05:06.789Z",)" +
         R"("originalTimestamp":"2026-02-03T04:05:06.789Z","type":"track","userId":"u-1"})";
}

class CallsTest : public testing::TestWithParam<const char*> {};

TEST_P(CallsTest, AnOrderIsAPurchase) {
  Preset preset{GetParam()};
  ASSERT_EQ(preset.decode(track("Order Completed", R"({
      "checkout_id":"c1","order_id":"50314b8e","affiliation":"Google Store","total":27.50,"subtotal":22.50,
      "revenue":25.00,"shipping":3,"tax":2,"discount":2.5,"coupon":"hasbros","currency":"USD",
      "products":[{"product_id":"507f","sku":"45790-32","name":"Monopoly","price":19,"quantity":1,
                   "category":"Games","url":"https://x","image_url":"https:///x"},
                  {"product_id":"505b","price":"3.50","name":"UNO","category":"Games"}]})")),
            "ok");
  EXPECT_EQ(preset.event.type, Type::purchase);
  EXPECT_EQ(preset.event.id, "msg-1");
  EXPECT_EQ(preset.event.source, GetParam());
  EXPECT_EQ(preset.event.member, "u-1");
  EXPECT_EQ(to_rfc3339(preset.event.time), "2026-02-03T04:05:06.789Z");
  const auto& purchase = preset.data<event::Purchase>();
  EXPECT_EQ(purchase.order_id, "50314b8e");
  EXPECT_EQ(purchase.total_minor, 2750);
  EXPECT_EQ(purchase.discount_minor, 250);
  EXPECT_EQ(purchase.store, "Google Store");
  EXPECT_EQ(purchase.channel, "web");
  ASSERT_EQ(purchase.lines.size(), 2U);
  EXPECT_EQ(purchase.lines[0].sku, "45790-32");
  EXPECT_EQ(purchase.lines[1].sku, "505b");
  EXPECT_EQ(purchase.lines[1].quantity, 1);
  EXPECT_EQ(purchase.lines[1].price_minor, 350);
}

TEST_P(CallsTest, ARefundIsOfItsAmountElseOfItsProductsElseOfTheWholeOrder) {
  Preset preset{GetParam()};
  ASSERT_EQ(preset.decode(track("Order Refunded",
                                R"({"order_id":1234,"total":30,"currency":"USD",
                                "products":[{"product_id":"a","price":10},{"product_id":"b","price":20}]})")),
            "ok");
  EXPECT_EQ(preset.data<event::Refund>().order_id, "1234");
  EXPECT_TRUE(preset.data<event::Refund>().lines.empty()) << "they may repeat the whole order";
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, 3000);
  ASSERT_EQ(
      preset.decode(track("Order Refunded", R"({"order_id":1234,"refund_amount":7,"total":30})")),
      "ok");
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, 700);
  ASSERT_EQ(
      preset.decode(track("Order Refunded",
                          R"({"orderId":1234,"products":[{"product_id":111,"quantity":2}]})")),
      "ok");
  ASSERT_EQ(preset.data<event::Refund>().lines.size(), 1U);
  EXPECT_EQ(preset.data<event::Refund>().lines[0].sku, "111");
  EXPECT_EQ(preset.data<event::Refund>().lines[0].quantity, 2);
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, std::nullopt);
  ASSERT_EQ(preset.decode(track("Order Refunded", R"({"order_id":1234})")), "ok");
  EXPECT_TRUE(preset.data<event::Refund>().lines.empty());
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, std::nullopt);
}

TEST(RudderStack, GoesByTheTimeWithTheDevicesClockCorrected) {
  Preset preset{"rudderstack"};
  std::string call = track("Order Cancelled", R"({"order_id":"o"})");
  const std::string wrong = R"("originalTimestamp":"2026-02-03)";
  call.replace(call.find(wrong), wrong.size(), R"("originalTimestamp":"2031-02-03)");
  ASSERT_EQ(preset.decode(call), "ok");
  EXPECT_EQ(to_rfc3339(preset.event.time), "2026-02-03T04:05:06.789Z");
}

TEST_P(CallsTest, TheOtherCallsHaveTheirTypes) {
  Preset preset{GetParam()};
  const auto type_of = [&](std::string_view event, std::string_view properties) {
    EXPECT_EQ(preset.decode(track(event, properties)), "ok") << event;
    return preset.event.type;
  };
  EXPECT_EQ(type_of("Order Cancelled", R"({"order_id":"o"})"), Type::cancel);
  EXPECT_EQ(type_of("Product Clicked", R"({"product_id":"a","category":"Games"})"), Type::click);
  EXPECT_EQ(type_of("Product Viewed", R"({"sku":"a"})"), Type::view);
  EXPECT_EQ(type_of("Product Reviewed",
                    R"({"product_id":"a","review_id":"r","review_body":"fine","rating":"5"})"),
            Type::review);
  EXPECT_EQ(preset.data<event::Review>().rating, 5);
  EXPECT_EQ(preset.data<event::Review>().text, "fine");
  EXPECT_EQ(type_of("Signed In", "{}"), Type::login);
  EXPECT_EQ(type_of("Points Redeemed", R"({"points":500,"reward":"mug"})"), Type::redemption);
  EXPECT_EQ(preset.data<event::Redemption>().redemption_id, "msg-1");
  EXPECT_EQ(type_of("Points Adjusted", R"({"points":-5})"), Type::adjustment);
  EXPECT_EQ(type_of("Signed Up", R"({"type":"organic"})"), Type::enrol);
  EXPECT_EQ(preset.data<event::Profile>().time_zone, "Europe/Berlin");
}

TEST_P(CallsTest, IdentifyIsAProfileAndAnAnonymousMemberIsKnownByItsCookie) {
  Preset preset{GetParam()};
  ASSERT_EQ(preset.decode(R"({"type":"identify","messageId":"m","userId":null,"anonymousId":"anon",
      "originalTimestamp":"2026-02-03T04:05:06Z","timestamp":"2026-02-03T04:05:06Z",
      "traits":{"email":"a@b.c","birthday":"1990-01-02","createdAt":"2020-05-06T07:08:09Z"}})"),
            "ok");
  EXPECT_EQ(preset.event.type, Type::profile);
  EXPECT_EQ(preset.event.member, "anon");
  EXPECT_EQ(to_iso_date(*preset.data<event::Profile>().joined), "2020-05-06");
}

TEST_P(CallsTest, ACallThatTheProgramDoesNotKnowIsAnUnknownType) {
  Preset preset{GetParam()};
  EXPECT_EQ(preset.decode(track("Coupon Entered", "{}")), "unknown_type: type");
}

INSTANTIATE_TEST_SUITE_P(SegmentAndRudderStack, CallsTest,
                         testing::Values("segment", "rudderstack"));

std::string ga4(std::string_view name, std::string_view params) {
  return std::string{
             R"({"client_id":"c.1","user_id":"u-1","timestamp_micros":"1767225600123456",)"} +
         R"("events":[{"name":")" + std::string{name} + R"(","params":)" + std::string{params} +
         "}]}";
}

TEST(Ga4, APurchaseIsRead) {
  Preset preset{"ga4"};
  ASSERT_EQ(
      preset.decode(ga4("purchase", R"({"currency":"USD","value":30.03,"transaction_id":"T_12345",
      "coupon":"SUMMER_FUN","shipping":3.33,"tax":1.11,"items":[{"item_id":"SKU_12345","item_name":"Stan",
      "item_brand":"Google","item_category":"Apparel","price":10.01,"quantity":3}]})")),
      "ok");
  EXPECT_EQ(preset.event.member, "u-1");
  EXPECT_EQ(preset.event.id, "T_12345");
  EXPECT_EQ(preset.event.time.time_since_epoch().count(), 1'767'225'600'123);
  const auto& purchase = preset.data<event::Purchase>();
  EXPECT_EQ(purchase.total_minor, 3003);
  ASSERT_EQ(purchase.lines.size(), 1U);
  EXPECT_EQ(purchase.lines[0].brand, "Google");
  EXPECT_EQ(purchase.lines[0].quantity, 3);
}

TEST(Ga4, TheOtherEventsHaveTheirTypes) {
  Preset preset{"ga4"};
  const auto type_of = [&](std::string_view name, std::string_view params) {
    EXPECT_EQ(preset.decode(ga4(name, params), 17), "ok") << name;
    return preset.event.type;
  };
  EXPECT_EQ(type_of("refund", R"({"transaction_id":"T_1","currency":"USD","value":10})"),
            Type::refund);
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, 1000);
  EXPECT_EQ(type_of("refund", R"({"transaction_id":"T_1"})"), Type::refund);
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, std::nullopt) << "the whole order";
  EXPECT_EQ(type_of("refund", R"({"transaction_id":"T_1","items":[{"item_id":"a","quantity":1}]})"),
            Type::refund);
  EXPECT_EQ(preset.data<event::Refund>().lines.size(), 1U);
  EXPECT_EQ(type_of("select_item", R"({"item_list_name":"Related"})"), Type::click);
  EXPECT_EQ(preset.event.id, "row-17");
  EXPECT_EQ(type_of("view_item", R"({"engagement_time_msec":1200})"), Type::view);
  EXPECT_EQ(type_of("review", R"({"item_id":"a","rating":4})"), Type::review);
  EXPECT_EQ(type_of("login", R"({"method":"Google"})"), Type::login);
  EXPECT_EQ(type_of("spend_virtual_currency", R"({"value":5,"item_name":"mug"})"),
            Type::redemption);
  EXPECT_EQ(type_of("sign_up", R"({"method":"Google"})"), Type::enrol);
  EXPECT_EQ(preset.data<event::Profile>().attributes, R"({"method":"Google"})");
}

TEST(Ga4, MoreThanOneEventInARecordIsRefusedWithThatReason) {
  Preset preset{"ga4"};
  EXPECT_EQ(preset.decode(R"({"client_id":"c","timestamp_micros":1767225600123456,
      "events":[{"name":"login","params":{}},{"name":"login","params":{}}]})"),
            "out_of_range: record");
  EXPECT_EQ(preset.error.detail,
            "more than one event in a record; one event a record is supported");
}

TEST(Flat, EachTypeIsRead) {
  Preset preset{"flat"};
  const auto type_of = [&](std::string_view type, std::string_view fields) {
    const std::string record =
        R"({"id":1,"member_id":42,"timestamp":"2026-01-01T00:00:00Z","type":")" +
        std::string{type} + "\"" + std::string{fields} + "}";
    EXPECT_EQ(preset.decode(record), "ok") << type;
    EXPECT_EQ(preset.event.member, "42");
    EXPECT_EQ(preset.event.id, "1");
    return preset.event.type;
  };
  EXPECT_EQ(type_of("purchase", R"(,"order_id":7,"lines":[{"sku":1,"price":"2.50"}])"),
            Type::purchase);
  EXPECT_EQ(preset.data<event::Purchase>().total_minor, 250);
  EXPECT_EQ(type_of("refund", R"(,"order_id":7,"amount":1)"), Type::refund);
  EXPECT_EQ(preset.data<event::Refund>().amount_minor, 100);
  EXPECT_EQ(type_of("cancel", R"(,"order_id":7)"), Type::cancel);
  EXPECT_EQ(type_of("click", R"(,"sku":"a")"), Type::click);
  EXPECT_EQ(type_of("view", R"(,"sku":"a")"), Type::view);
  EXPECT_EQ(type_of("review", R"(,"rating":3)"), Type::review);
  EXPECT_EQ(type_of("login", ""), Type::login);
  EXPECT_EQ(type_of("redemption", R"(,"redemption_id":"r","points":10)"), Type::redemption);
  EXPECT_EQ(type_of("adjustment", R"(,"points":1,"actor":"a","reason":"b")"), Type::adjustment);
  EXPECT_EQ(type_of("enrol", R"(,"joined":"2020-01-01")"), Type::enrol);
  EXPECT_EQ(type_of("profile", ""), Type::profile);
}

TEST(Cdnow, EachRowIsAnOrderOfItsOwn) {
  Preset preset{"cdnow"};
  EXPECT_EQ(preset.mapping().header_lines(), 1U);
  ASSERT_EQ(preset.decode(" 00001 19970101  1   11.77\r", 1), "ok");
  EXPECT_EQ(preset.event.type, Type::purchase);
  EXPECT_EQ(preset.event.member, "00001");
  EXPECT_EQ(preset.event.id, "row-1");
  EXPECT_EQ(to_rfc3339(preset.event.time), "1997-01-01T00:00:00Z");
  EXPECT_EQ(preset.data<event::Purchase>().order_id, "row-1");
  EXPECT_EQ(preset.data<event::Purchase>().total_minor, 1177);
  ASSERT_EQ(preset.decode(" 00001 19970101  1   11.77\r\n", 2), "ok");
  EXPECT_EQ(preset.event.id, "row-2");
  ASSERT_EQ(preset.decode(" 23570 19980630 99  506.97"), "ok");
  ASSERT_EQ(preset.decode(" 00003 19970102  2    0.00\r"), "ok");
}

TEST(Cdnow, WhatIsNoRowIsRefused) {
  Preset preset{"cdnow"};
  EXPECT_EQ(preset.decode(" customer_id  date number_of_cds  dollar_value\r"),
            "unknown_type: header");
  EXPECT_EQ(preset.decode("\r"), "empty_record: ");
  EXPECT_EQ(preset.decode(" 00001 19970101  1"), "malformed_delimited: record");
  EXPECT_EQ(preset.decode(" 00001 19970101  1 1.0 7"), "malformed_delimited: record");
  EXPECT_EQ(preset.decode(" 00001 19971301  1 1.00"), "out_of_range: time");
  EXPECT_EQ(preset.decode(" 00001 1997-01-01  1 1.00"), "wrong_type: time");
  EXPECT_EQ(preset.decode(" 00001 16010101  1 1.00"), "out_of_range: time");
  EXPECT_EQ(preset.decode(" 00001 19970101  1 -1.00"), "out_of_range: total");
  EXPECT_EQ(preset.decode(" 00001 19970101  1 1.005"), "too_many_decimals: total");
  EXPECT_EQ(preset.decode(" 000\xff 19970101  1 1.00"), "invalid_utf8: ");
  EXPECT_EQ(preset.decode(std::string(" 00001\0 19970101  1 1.00", 24)),
            "malformed_delimited: record");
}

TEST(Csv, QuotedCellsAreRead) {
  Preset preset{"csv"};
  ASSERT_EQ(
      preset.decode(
          R"(review,"e,1",2026-01-01T00:00:00Z,"say ""m""",,,,,,,,sku-1,,,,,,,,5,"so ""good"", really",,,,,)"),
      "ok");
  EXPECT_EQ(preset.event.id, "e,1");
  EXPECT_EQ(preset.event.member, "say \"m\"");
  EXPECT_EQ(preset.data<event::Review>().text, "so \"good\", really");
  EXPECT_EQ(preset.decode(R"(review,"open)"), "malformed_delimited: record");
  EXPECT_EQ(preset.decode(R"(review,"a"b,)"), "malformed_delimited: record");
  EXPECT_EQ(preset.decode("review,1"), "malformed_delimited: record");
  // One message, two rows.
  EXPECT_EQ(preset.decode("login,1,2026-01-01T00:00:00Z,ann,,,,,,,,,,,,,,,,,,,,,,\n"
                          "login,2,2026-01-01T00:00:00Z,ann,,,,,,,,,,,,,,,,,,,,,,"),
            "malformed_delimited: record");
  // A quote within a field is text; a line break within quotes, too.
  ASSERT_EQ(preset.decode(
                "review,e-2,2026-01-01T00:00:00Z,5\" ann,,,,,,,,sku-1,,,,,,,,5,\"a\r\nb\",,,,,"),
            "ok");
  EXPECT_EQ(preset.event.member, "5\" ann");
  EXPECT_EQ(preset.data<event::Review>().text, "a\r\nb");
}

TEST(Csv, TheHeaderMayOrderTheColumns) {
  const Result<codec::Mapping> preset = load_mapping("csv");
  ASSERT_TRUE(preset.has_value());
  const auto missing = codec::bind_header(*preset, "other,columns\r");
  ASSERT_TRUE(missing.has_error());
  EXPECT_EQ(missing.error().code, Errc::malformed_delimited);
  std::string header = "note";
  for (auto column = preset->columns.rbegin(); column != preset->columns.rend(); ++column) {
    header += "," + *column;
  }
  const auto bound = codec::bind_header(*preset, header);
  ASSERT_TRUE(bound.has_value()) << to_string(bound.error());
  codec::Decoder decoder{*bound};
  std::string record = "hello,,,,,,,,,,,,,,,,,,,,9.50,USD,o-1,m-1,2026-01-01T00:00:00Z,,purchase";
  const std::size_t size = record.size();
  record.append(codec::padding_bytes, ' ');
  Arena arena;
  event::Event event;
  const auto result = decoder.decode({record.data(), size}, {}, 3, arena, event);
  ASSERT_TRUE(result.has_value()) << to_string(result.error());
  EXPECT_EQ(event.id, "row-3");
  EXPECT_EQ(std::get<event::Purchase>(event.data).total_minor, 950);
}

TEST(Presets, TheCloudEventsFileSaysWhatIsCompiledIn) {
  Preset compiled{"cloudevents"};
  Preset file{FEALTY_SOURCE_DIR "/config/mappings/cloudevents.yaml"};
  for (
      const char* record :
      {R"({"id":"e","source":"s","type":"a.purchase","subject":"m","time":"2026-01-01T00:00:00Z",
           "data":{"order_id":"o","currency":"EUR","lines":[{"sku":"a","quantity":1,"price":2,"brand":"b"}],
           "tax":1,"points_paid":3,"store":"x"}})",
       R"({"id":"e","type":"refund","subject":"m","time":"2026-01-01T00:00:00Z",
           "data":{"order_id":"o","lines":[{"line":"1","quantity":2}],"reason":"r"}})",
       R"({"id":"e","type":"consent","subject":"m","time":"2026-01-01T00:00:00Z","data":{"a":1}})"}) {
    ASSERT_EQ(compiled.decode(record), "ok");
    ASSERT_EQ(file.decode(record), "ok");
    EXPECT_EQ(codec::digest_of(compiled.event), codec::digest_of(file.event));
  }
  EXPECT_EQ(file.decode(R"({"id":"e","type":"purchase","subject":"m","time":"2026-01-01T00:00:00Z",
           "data":{"order_id":"o","total":1}})"),
            "missing_field: currency");
}

}  // namespace
}  // namespace fealty::config
