#include "fealty/codec/odd_fields.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/config/mapping_loader.hpp"

namespace fealty::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view shop = R"(
mapping: shop
format: json
id: id
type: type
member: [user, anonymous, device.id]
time: time
currency: USD
types:
  purchase:
    names: [order]
    fields:
      order_id: order
      currency: currency
      total: [total, total.amount, price]
      tax: tax
      discount: discounts.total
      points_paid: points
      channel: [channel, context.channel]
    lines: {path: items, fields: {line: n, sku: sku, category: category, quantity: {path: q, default: "1"}, price: price}}
  refund:
    names: [refund]
    fields: {order_id: order, amount: "payments[0].amount", reason: note}
    lines: {path: items, fields: {sku: sku, quantity: q}}
  view:
    names: [view]
    fields: {sku: context.sku, channel: context.channel}
  profile:
    names: [profile]
    fields: {birthday: birthday, joined: joined, attributes: traits}
)";

/// What a mapping makes of a record.
class Reading {
 public:
  explicit Reading(const std::string& more = {})
      : mapping_{parse_mapping(std::string{shop} + more, "shop.yaml")} {}

  /// "ok", or the error as "code: field".
  std::string operator()(const std::string& rest, const std::string& type = "order") {
    std::string record =
        R"({"id":"1","user":"u","time":"2026-01-01T00:00:00Z","order":"o","type":")" + type + "\"" +
        (rest.empty() ? "" : "," + rest) + "}";
    const std::size_t size = record.size();
    record.append(codec::padding_bytes, ' ');
    buffer_ = std::move(record);
    arena_.reset();
    const auto done = decoder_.decode({buffer_.data(), size}, {}, 0, arena_, event);
    odd.clear();
    for (const codec::OddPath& path : decoder_.odd()) odd.push_back(mapping_->path_of(path));
    if (done) return "ok";
    return std::string{name(done.error().code)} + ": " + std::string{done.error().field};
  }
  template <class T>
  [[nodiscard]] const T& data() const {
    return std::get<T>(event.data);
  }
  event::Event event;
  std::vector<std::string> odd;

 private:
  Result<codec::Mapping> mapping_;
  codec::Decoder decoder_{*mapping_};
  std::string buffer_;
  Arena arena_;
};

TEST(OddFields, WhatOtherTypesReadNeverRefusesARecord) {
  Reading read;
  for (const std::string other :
       {R"("payments":[{"amount":1},{"amount":2}])", R"("payments":"none")",
        R"("payments":{"amount":1})", R"("traits":[],"traits":1)", R"("birthday":{},"joined":[1])",
        R"("context":"none")", R"("joined":[],"joined":{})", R"("device":7)"}) {
    EXPECT_EQ(read(R"("total":5,)" + other), "ok") << other;
    EXPECT_THAT(read.odd, IsEmpty()) << other;
  }
  EXPECT_EQ(read(R"("items":["a",1,null])", "view"), "ok");
  EXPECT_EQ(read(R"("items":[{"sku":1,"sku":2}],"items":3,"total":[])", "view"), "ok");
  std::string many = R"("items":[{})";
  for (std::size_t i = 0; i < event::lines_max; ++i) many += ",{}";
  EXPECT_EQ(read(many + "]", "view"), "ok");
  EXPECT_EQ(read(many + "]"), "out_of_range: lines");
  EXPECT_EQ(read(R"("anything":1)", "unheard of"), "unknown_type: type");
  EXPECT_EQ(read(R"("items":7,"total":{},"order":[])", "unheard of"), "unknown_type: type");
}

TEST(OddFields, AFreeFieldIsLeftOutAndTold) {
  Reading read;
  for (const auto& [odd, path] : std::vector<std::pair<std::string, std::string>>{
           {R"("tax":true)", "tax"},
           {R"("tax":"a lot")", "tax"},
           {R"("tax":-1)", "tax"},
           {R"("discounts":{"total":[]})", "discounts.total"},
           {R"("channel":["web"])", "channel"},
           {R"("channel":")" + std::string(5'000, 'x') + "\"", "channel"}}) {
    EXPECT_EQ(read(R"("total":5,)" + odd), "ok") << odd;
    EXPECT_THAT(read.odd, ElementsAre(path)) << odd;
    EXPECT_EQ(read.data<event::Purchase>().total_minor, 500);
    EXPECT_EQ(read.data<event::Purchase>().tax_minor, std::nullopt);
    EXPECT_EQ(read.data<event::Purchase>().channel, "");
  }
  EXPECT_EQ(read(R"("birthday":"05/03/1990","joined":1709291718,"traits":"none")", "profile"),
            "ok");
  EXPECT_THAT(read.odd, ElementsAre("joined", "birthday", "traits"));
  // Null and empty is not odd, it is not there.
  EXPECT_EQ(read(R"("total":5,"tax":"","channel":null)"), "ok");
  EXPECT_THAT(read.odd, IsEmpty());
}

TEST(OddFields, WhatAnAmountOrAnIdentityDependsOnIsNotFree) {
  Reading read;
  EXPECT_EQ(read(R"("total":true)"), "wrong_type: total");
  EXPECT_EQ(read(R"("total":"5 or so")"), "wrong_type: total");
  EXPECT_EQ(read(R"("total":5,"currency":["EUR"])"), "wrong_type: currency");
  EXPECT_EQ(read(R"("total":5,"currency":"???")"), "unknown_currency: currency");
  EXPECT_EQ(read(R"("total":5,"points":"some")"), "wrong_type: points_paid");
  EXPECT_EQ(read(R"("payments":[{"amount":true}])", "refund"), "wrong_type: amount");
  EXPECT_EQ(read(R"("payments":[{"amount":1},{"amount":2}])", "refund"), "out_of_range: record");
  EXPECT_EQ(read(R"("items":[1])", "refund"), "wrong_type: lines");
  EXPECT_EQ(read(R"("items":[{"sku":"a","q":"two"}])", "refund"), "wrong_type: quantity");
  EXPECT_EQ(read(R"("items":{"sku":"a"})", "refund"), "wrong_type: lines");
}

TEST(OddFields, ARefundOfNothingIsNotOneOfEverything) {
  Reading read;
  EXPECT_EQ(read("", "refund"), "ok") << "neither: the whole order";
  for (const std::string nothing :
       {R"("payments":[{"amount":""}])", R"("payments":[{"amount":null}])"}) {
    EXPECT_EQ(read(nothing, "refund"), "missing_field: amount") << nothing;
    EXPECT_EQ(read(nothing + R"(,"items":[{"sku":"a"}])", "refund"), "ok") << nothing;
  }
  EXPECT_EQ(read(R"("items":[])", "refund"), "missing_field: lines");
  EXPECT_EQ(read(R"("items":[],"payments":[{"amount":1}])", "refund"), "ok");
  EXPECT_EQ(read(R"("items":null)", "refund"), "ok");
}

TEST(OddFields, AKeyThatComesTwiceInWhatATypeReadsIsRefused) {
  Reading read;
  EXPECT_EQ(read(R"("total":5,"total":5)"), "duplicate_key: total");
  EXPECT_EQ(read(R"("total":5,"id":"2")"), "duplicate_key: id");
  EXPECT_EQ(read(R"("total":5,"context":{"channel":"a"},"context":{})"), "duplicate_key: data");
  EXPECT_EQ(read(R"("items":[{"sku":"a","price":1,"price":2}])"), "duplicate_key: price");
  EXPECT_EQ(read(R"("total":5,"items":[],"items":[])"), "duplicate_key: lines");
}

TEST(OddFields, AnOddLineCostsThatLine) {
  Reading read;
  EXPECT_EQ(
      read(R"("total":9,"items":[{"sku":"a","price":1},"b",{"sku":["c"],"price":1},{"price":2},)"
           R"({"sku":"d","price":"?"},{"sku":"e","price":3,"category":["x","y"]}])"),
      "ok");
  const auto& order = read.data<event::Purchase>();
  ASSERT_EQ(order.lines.size(), 2U);
  EXPECT_EQ(order.lines[0].sku, "a");
  EXPECT_EQ(order.lines[1].sku, "e");
  EXPECT_EQ(order.total_minor, 900);
  EXPECT_THAT(read.odd, ElementsAre("items[]", "items[].sku", "items[].sku", "items[].price",
                                    "items[].category"));
  EXPECT_EQ(read(R"("total":9,"items":{"sku":"a"})"), "ok");
  EXPECT_THAT(read.odd, ElementsAre("items"));
  // What is left adds up to something else than the order.
  EXPECT_EQ(read(R"("items":[{"sku":"a","price":1},{"sku":"b","price":"?"}])"),
            "missing_field: total");
  EXPECT_EQ(read(R"("items":[{"sku":"a","price":1},7])"), "missing_field: total");
  EXPECT_EQ(read(R"("items":[{"sku":"a","price":1}])"), "ok");
  EXPECT_EQ(read.data<event::Purchase>().total_minor, 100);
}

TEST(OddFields, TheFirstPathThatCanBeReadCounts) {
  Reading read;
  EXPECT_EQ(read(R"("total":{"amount":"6","currency":"USD"})"), "ok");
  EXPECT_EQ(read.data<event::Purchase>().total_minor, 600);
  EXPECT_EQ(read(R"("total":[],"price":"8")"), "ok");
  EXPECT_EQ(read.data<event::Purchase>().total_minor, 800);
  EXPECT_EQ(read(R"("total":5,"channel":{},"context":{"channel":"web"})"), "ok");
  EXPECT_EQ(read.data<event::Purchase>().channel, "web");
  EXPECT_THAT(read.odd, IsEmpty());
}

TEST(OddFields, AStrictMappingRefusesThem) {
  Reading read{"strict: true\n"};
  EXPECT_EQ(read(R"("total":5,"tax":true)"), "wrong_type: tax");
  EXPECT_EQ(read(R"("total":5,"items":[1])"), "wrong_type: lines");
  EXPECT_EQ(read(R"("total":5,"items":[{"sku":"a","price":"?"}])"), "wrong_type: price");
  EXPECT_EQ(read(R"("total":5,"context":"none")"), "wrong_type: data");
  EXPECT_EQ(read(R"("birthday":"05/03/1990")", "profile"), "wrong_type: birthday");
  EXPECT_EQ(read(R"("total":5,"payments":7,"traits":[])"), "ok") << "of other types";
}

TEST(OddFields, ADefaultStandsInForAnOddOneButNotStrictly) {
  const std::string q = R"("total":5,"items":[{"sku":"a","price":1,"q":[2]}])";
  Reading read;
  EXPECT_EQ(read(q), "ok");
  EXPECT_EQ(read.data<event::Purchase>().lines[0].quantity, 1);
  EXPECT_THAT(read.odd, ElementsAre("items[].q"));
  EXPECT_EQ(Reading{"strict: true\n"}(q), "wrong_type: quantity");
}

TEST(OddFields, AreCountedByPath) {
  codec::OddFields counts, others;
  EXPECT_TRUE(counts.add({codec::OddPath::no_set, 3}));
  EXPECT_FALSE(counts.add({codec::OddPath::no_set, 3}));
  EXPECT_TRUE(counts.add({0, 1}));
  EXPECT_TRUE(others.add({codec::OddPath::no_set, 1}, 5));
  EXPECT_TRUE(others.add({0, 1}, 7));
  counts.add(others);
  EXPECT_THAT(counts.entries(), ElementsAre(codec::OddFields::Entry{{codec::OddPath::no_set, 1}, 5},
                                            codec::OddFields::Entry{{codec::OddPath::no_set, 3}, 2},
                                            codec::OddFields::Entry{{0, 1}, 8}));
  EXPECT_EQ(counts.total(), 15U);
}

}  // namespace
}  // namespace fealty::config
