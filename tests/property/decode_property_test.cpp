// A decoder that knows shapes of records answers as one that parses each.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "fealty/base/hash.hpp"
#include "fealty/codec/encode.hpp"
#include "pair.hpp"
#include "same_event.hpp"

namespace fealty::codec {
namespace {

/// A mapping with what CloudEvents does not use: alternatives, an array of one object, a text of a
/// whole object, constants.
Mapping foreign() {
  MappingSpec spec;
  spec.name = "foreign";
  spec.times.ways = {{TimeFormat::unix_ms}};
  spec.default_currency = *Currency::from_code("EUR");
  spec.envelope = {{Field::id, {"id", "row"}, {}},
                   {Field::type, {"e[0].type"}, "purchase"},
                   {Field::member, {"user", "anon"}, {}},
                   {Field::time, {"t"}, {}}};
  spec.types = {
      {event::Type::purchase,
       {"purchase"},
       {{Field::order_id, {"e[0].order", "row"}, {}}, {Field::total, {"total"}, {}}},
       "e[0].items",
       {{Field::sku, {"sku"}, {}}, {Field::price, {"p.amount"}, "0"}},
       {}},
      {event::Type::profile, {"profile"}, {{Field::attributes, {"more"}, {}}}, {}, {}, {}}};
  return *compile(spec);
}

/// A JSON text of what a mapping reads and of what it does not, in any order, with and without
/// blanks; now and then it is no JSON, or nothing that the mapping takes.
class Writer {
 public:
  explicit Writer(std::uint64_t seed) : state_{seed} {}

  std::string cloudevent() {
    const std::array<const char*, 5> types{"purchase", "refund", "view", "review", "item"};
    std::vector<std::string> members{
        pair("specversion", R"("1.0")"),
        pair("id", text()),
        pair("source", text()),
        pair("type", std::string{"\""} + types[one_of(types.size())] + "\""),
        pair("subject", text()),
        pair("time", R"("2026-03-04T05:06:07Z")"),
        pair("data", data())};
    return object(members);
  }
  std::string foreign() {
    std::vector<std::string> event{pair("type", R"("purchase")"), pair("order", scalar()),
                                   pair("items", lines())};
    std::vector<std::string> members{
        pair("id", scalar()),
        pair("user", scalar()),
        pair("anon", text()),
        pair("t", "1700000000000"),
        pair("total", scalar()),
        pair("more", one_of(4) != 0 ? scalar() : data()),
        pair("e", one_of(8) == 0 ? scalar() : "[" + object(event) + "]")};
    return object(members);
  }

 private:
  std::size_t one_of(std::size_t count) {
    state_ = mix(state_, 1);
    return state_ % count;
  }
  std::string text() {
    const std::array<const char*, 8> texts{R"("o-1")", R"("m-12345")", R"("ä")",   R"("")",
                                           R"("a\n")", "\"\xc3\"",     R"("0.5")", R"("EUR")"};
    return texts[one_of(one_of(12) == 0 ? texts.size() : 4)];
  }
  std::string scalar() {
    const std::array<const char*, 9> others{"1",   "12.50", "null", "true", "-3",
                                            "1e2", "007",   "nul",  "{}"};
    return one_of(2) == 0 ? text() : others[one_of(one_of(12) == 0 ? others.size() : 6)];
  }
  std::string lines() {
    std::string out;
    const std::size_t count = one_of(3);
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::string> line{pair("sku", text()), pair("price", scalar()),
                                    pair("p", "{" + pair("amount", scalar()) + "}")};
      out += (i == 0 ? "" : ",") + object(line);
    }
    return "[" + out + "]";
  }
  std::string data() {
    std::vector<std::string> members{
        pair("order_id", text()), pair("currency", R"("EUR")"),
        pair("total", scalar()),  pair("rating", "4"),
        pair("sku", text()),      pair("else", "[1,{\"x\":" + text() + "}]")};
    if (one_of(2) == 0) members.push_back(pair("lines", lines()));
    return object(members);
  }
  std::string pair(std::string_view key, std::string_view value) {
    return "\"" + std::string{key} + (one_of(200) == 0 ? "\" : " : "\":") + std::string{value};
  }
  /// Most of the members, as a rule in their order.
  std::string object(std::vector<std::string>& members) {
    if (one_of(50) == 0) std::swap(members[one_of(members.size())], members[0]);
    if (one_of(40) == 0)
      members.erase(members.begin() + static_cast<std::ptrdiff_t>(one_of(members.size())));
    if (one_of(60) == 0) members.push_back(members.front());
    std::string out;
    for (const std::string& member : members) out += (out.empty() ? "" : ",") + member;
    return "{" + out + (one_of(100) == 0 ? "" : "}");
  }
  std::uint64_t state_;
};

RC_GTEST_PROP(Shapes, GiveWhatTheParseGives, (std::uint64_t seed)) {
  Pair events, others{foreign()};
  Writer writer{seed};
  for (int i = 0; i < 400; ++i) {
    const std::string event = writer.cloudevent(), other = writer.foreign();
    RC_ASSERT(events.known(event) == events.parsed(event));
    RC_ASSERT(others.known(other) == others.parsed(other));
  }
  RC_ASSERT(events.by_shape() > 0U);
  RC_ASSERT(others.by_shape() > 0U);
}

/// The canonical form of what a record says is the same event, and its own canonical form.
void round_trip(Bench& by, Bench& again, std::string_view record, int& seen) {
  if (by.outcome(record) != "ok") return;
  ++seen;
  std::string text, text_again;
  encode_event(by.event, text);
  RC_ASSERT(again.outcome(text) == "ok");
  RC_ASSERT(described(again.event) == described(by.event));
  encode_event(again.event, text_again);
  RC_ASSERT(text_again == text);
}

RC_GTEST_PROP(CanonicalForm, SaysWhatTheRecordSaid, (std::uint64_t seed)) {
  Bench events, others{foreign()}, again;
  Writer writer{seed};
  int seen = 0;
  for (int i = 0; i < 400; ++i) {
    round_trip(events, again, writer.cloudevent(), seen);
    round_trip(others, again, writer.foreign(), seen);
  }
  RC_ASSERT(seen > 20);
}

}  // namespace
}  // namespace fealty::codec
