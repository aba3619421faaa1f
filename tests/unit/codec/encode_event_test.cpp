// The canonical form of an event says all of it, and nothing else.
#include <gmock/gmock.h>

#include <array>

#include "fealty/codec/encode.hpp"
#include "same_event.hpp"

namespace fealty::codec {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string canonical(const event::Event& event, std::string_view origin = {}) {
  std::string out;
  encode_event(event, out, origin);
  return out;
}

/// What comes back of a record's event by way of its canonical form.
void expect_same(Bench& by, std::string_view record) {
  ASSERT_EQ(by.outcome(record), "ok") << record;
  const std::string text = canonical(by.event);
  Bench again;
  ASSERT_EQ(again.outcome(text), "ok") << text;
  EXPECT_EQ(described(again.event), described(by.event)) << text;
  EXPECT_EQ(canonical(again.event), text);
}

TEST(EncodeEvent, GivesBackEveryFieldOfEveryType) {
  Bench by;
  for (const std::string& record : {
           purchase(R"(,"total":12.5,"subtotal":"10.01","tax":0,"shipping":"1.10","discount":"2",
                       "points_paid":7,"channel":"web","store":"s-1","lines":[
                       {"line":"1","sku":"a \"b\"","category":"c/d","brand":"e","quantity":3,"price":"0.05"},
                       {"sku":"ä\n","quantity":1,"price":1}])"),
           purchase(R"(,"lines":[{"sku":"a","quantity":2,"price":"1.10"}])"),
           cloudevent("purchase", R"({"order_id":"o","currency":"JPY","total":1200})"),
           cloudevent("purchase", R"({"order_id":"o","currency":"KWD","total":"1.205"})"),
           cloudevent("refund", R"({"order_id":"o"})"),
           cloudevent("refund", R"({"order_id":"o","refund_id":"r","currency":"USD","amount":"3.30",
                       "reason":"torn","lines":[{"line":"1"},{"sku":"a","quantity":2},
                       {"sku":"b","amount":"0.01"}]})"),
           cloudevent("cancel", R"({"order_id":"o"})"),
           cloudevent("click",
                      R"({"sku":"a","category":"c","brand":"b","dwell_ms":0,"channel":"app"})"),
           cloudevent("view", "{}"),
           cloudevent(
               "review",
               R"({"sku":"a","review_id":"r","rating":5,"text":"\u0001 \\ good","language":"en"})"),
           cloudevent("login", R"({"channel":"web"})"),
           cloudevent("redemption", R"({"redemption_id":"x","points":5,"reward":"mug"})"),
           cloudevent("redemption", R"({"redemption_id":"x","points":5,"phase":"reserve"})"),
           cloudevent("redemption", R"({"redemption_id":"x","phase":"capture"})"),
           cloudevent("redemption", R"({"redemption_id":"x","phase":"release"})"),
           cloudevent("adjustment", R"({"points":-5,"actor":"a","reason":"b"})"),
           cloudevent("enrol", R"({"joined":"2020-02-29","birthday":"1931-12-01","time_zone":"UTC",
                       "attributes":{"a":[1,{"b":"\n"}]}})"),
           cloudevent("profile", "{}"),
           cloudevent("consent", R"({"given":true})"),
           cloudevent("merge", R"({"into":"m-2"})"),
           cloudevent("erase", "{}"),
           cloudevent("item", R"({"sku":"a"})"),
       }) {
    expect_same(by, record);
  }
  std::string without_data = cloudevent("consent", "{}");
  without_data.replace(without_data.find(",\"data\":{}"), 10, "");
  expect_same(by, without_data);
}

TEST(EncodeEvent, SaysWhereAnEventCameFromAndIsReadAllTheSame) {
  Bench by;
  ASSERT_EQ(by.outcome(cloudevent("login", "{}")), "ok");
  const std::string text = canonical(by.event, "orders[3]@17");
  EXPECT_THAT(text, HasSubstr(R"("fealtyorigin":"orders[3]@17")"));
  Bench again;
  ASSERT_EQ(again.outcome(text), "ok");
  EXPECT_EQ(described(again.event), described(by.event));
}

TEST(EncodeEvent, IsACloudEventOfWhichWhatIsAbsentIsLeftOut) {
  Bench by;
  ASSERT_EQ(by.outcome(purchase(R"(,"total":"1")")), "ok");
  EXPECT_EQ(canonical(by.event),
            R"({"specversion":"1.0","id":"e-1","source":"/shop","type":"purchase","subject":"m-1",)"
            R"("time":"2026-03-04T05:06:07.890Z","datacontenttype":"application/json",)"
            R"("data":{"order_id":"o-1","currency":"USD","total":"1.00"}})");
}

std::string without_subject(std::string text) {
  const std::string subject = R"("subject":"m-1",)";
  return text.replace(text.find(subject), subject.size(), "");
}

TEST(MemberByOrder, MayBeAbsentWhereTheEventNamesAnOrderOfAnother) {
  Bench by{cloudevents_mapping(), {.member_by_order = true}};
  for (const char* type : {"refund", "cancel"}) {
    EXPECT_EQ(by.outcome(without_subject(cloudevent(type, R"({"order_id":"o"})"))), "ok");
    EXPECT_EQ(by.event.member, "");
    EXPECT_THAT(canonical(by.event), Not(HasSubstr("subject")));
    EXPECT_EQ(by.outcome(cloudevent(type, R"({"order_id":"o"})")), "ok");
    EXPECT_EQ(by.event.member, "m-1");
    EXPECT_EQ(by.outcome(without_subject(cloudevent(type, "{}"))), "missing_field: order_id");
  }
  EXPECT_EQ(by.outcome(without_subject(purchase(R"(,"total":1)"))), "missing_field: member");
  EXPECT_EQ(by.outcome(without_subject(cloudevent("login", "{}"))), "missing_field: member");
}

TEST(MemberByOrder, IsMissingWhereNobodyAskedForIt) {
  Bench by;
  EXPECT_EQ(by.outcome(without_subject(cloudevent("refund", R"({"order_id":"o"})"))),
            "missing_field: member");
}

TEST(RecordName, IsTheIdOfLastResort) {
  MappingSpec spec;
  spec.envelope = {{Field::id, {"id", "row"}, {}},
                   {Field::type, {"type"}, {}},
                   {Field::member, {"member"}, {}},
                   {Field::time, {"time"}, {}}};
  spec.types = {{event::Type::login, {"login"}, {}, {}, {}, {}}};
  const Mapping mapping = *compile(spec);
  Decoder decoder{mapping};
  Arena arena;
  event::Event event;
  std::string record = R"({"type":"login","member":"m","time":"2026-03-04T05:06:07Z"})";
  const std::size_t size = record.size();
  record.append(padding_bytes, ' ');
  const std::string_view text{record.data(), size};
  ASSERT_TRUE(decoder.decode(text, {}, 17, arena, event));
  EXPECT_EQ(event.id, "row-17");
  ASSERT_TRUE(decoder.decode(text, {}, {17, "orders[3]@17"}, arena, event));
  EXPECT_EQ(event.id, "orders[3]@17");
}

}  // namespace
}  // namespace fealty::codec
