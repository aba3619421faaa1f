#include "decode_properties.hpp"

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/codec/decoder.hpp"
#include "fealty/codec/digest.hpp"

namespace fealty::fuzz {
namespace {

using codec::Mapping;

/// Foreign JSON with every construct of a mapping in it.
Mapping json_mapping() {
  using codec::Field;
  codec::MappingSpec spec;
  spec.name = "fuzz";
  spec.times.ways = {{codec::TimeFormat::unix_ms}};
  spec.envelope = {{Field::id, {"id", "row"}, {}},
                   {Field::type, {"e[0].type"}, "purchase"},
                   {Field::member, {"user", "anon"}, {}},
                   {Field::time, {"t"}, {}}};
  spec.default_currency = *Currency::from_code("EUR");
  spec.types = {{event::Type::purchase,
                 {"purchase"},
                 {{Field::order_id, {"e[0].order", "row"}, {}}, {Field::total, {"total"}, {}}},
                 "e[0].items",
                 {{Field::sku, {"sku"}, {}},
                  {Field::quantity, {"n"}, "1"},
                  {Field::price, {"p.amount"}, "0"}},
                 {}},
                {event::Type::profile, {"profile"}, {{Field::attributes, {"e"}, {}}}, {}, {}, {}}};
  return *codec::compile(spec);
}

Mapping csv_mapping() {
  using codec::Field;
  codec::MappingSpec spec;
  spec.name = "fuzz";
  spec.format = codec::Format::delimited;
  spec.columns = {"id", "member", "time", "total"};
  spec.envelope = {{Field::id, {"id", "row"}, {}},
                   {Field::type, {}, "purchase"},
                   {Field::member, {"member"}, {}},
                   {Field::time, {"time"}, {}}};
  spec.default_currency = *Currency::from_code("EUR");
  spec.types = {{event::Type::purchase,
                 {"purchase"},
                 {{Field::order_id, {"id"}, {}}, {Field::total, {"total"}, {}}},
                 {},
                 {},
                 {}}};
  return *codec::compile(spec);
}

/// What one decoding answered, by value.
struct Answer {
  bool decoded = false;
  Errc code{};
  std::string field;  // and detail
  std::uint64_t id_hash = 0, digest = 0;
  friend bool operator==(const Answer&, const Answer&) = default;
};

bool within(std::int64_t value, std::int64_t min, std::int64_t max) {
  return value >= min && value <= max;
}

struct Bounds {
  void operator()(const event::Purchase& purchase) const {
    check(!purchase.order_id.empty() && purchase.currency.stated(), "a purchase names its order");
    check(within(purchase.total_minor, 0, amount_minor_max), "a total within bounds");
    std::int64_t sum = 0;
    for (const event::Line& line : purchase.lines) {
      check(within(line.quantity, 1, quantity_max), "a quantity within bounds");
      check(within(line.price_minor, 0, amount_minor_max), "a price within bounds");
      sum += line.quantity * line.price_minor;
      check(within(sum, 0, amount_minor_max), "the sum of lines within bounds");
    }
  }
  void operator()(const event::Refund& refund) const {
    check(within(refund.amount_minor.value_or(0), 0, amount_minor_max), "a refund within bounds");
    check(refund.lines.size() <= event::lines_max, "lines within bounds");
  }
  void operator()(const event::Review& review) const {
    check(within(review.rating, 1, 5), "a rating of 1 to 5");
  }
  void operator()(const event::Redemption& redemption) const {
    check(within(redemption.points, 0, points_max), "points within bounds");
  }
  void operator()(const event::Adjustment& adjustment) const {
    check(within(adjustment.points, -points_max, points_max) && adjustment.points != 0,
          "points within bounds");
  }
  template <class T>
  void operator()(const T&) const {}
};

void check_bounds(const event::Event& event) {
  check(!event.id.empty() && event.id.size() <= event::id_bytes_max, "an id within bounds");
  check(!event.member.empty() && event.member.size() <= event::member_bytes_max,
        "a member within bounds");
  check(within(event.time.time_since_epoch().count(), event_time_ms_min, event_time_ms_end - 1),
        "a time within bounds");
  std::visit(Bounds{}, event.data);
}

/// One mapping with a decoder that lives through all records, as in production, and one that does
/// nothing but parse.
struct Subject {
  explicit Subject(Mapping decoded)
      : mapping{std::move(decoded)}, decoder{mapping}, parser{mapping, {.shapes = false}} {}

  Answer decode(std::span<const std::uint8_t> record, char filler) {
    return answer(decoder, record, filler);
  }
  Answer parse(std::span<const std::uint8_t> record) { return answer(parser, record, ' '); }

 private:
  Answer answer(codec::Decoder& by, std::span<const std::uint8_t> record, char filler) {
    buffer.assign(record.size() + codec::padding_bytes, filler);
    if (!record.empty()) std::memcpy(buffer.data(), record.data(), record.size());
    arena.reset();
    const auto result = by.decode({buffer.data(), record.size()}, {}, 7, arena, event);
    if (!result) {
      const Error error = result.error();
      check(disposition(error.code) == Disposition::reject_record, "a bad record stops nothing");
      return {false, error.code, std::string{error.field} + "|" + error.detail, 0, 0};
    }
    check_bounds(event);
    // Texts are readable (the sanitizer says so): hash each of them once more.
    return {true, {}, {}, hash64(event.id, hash64(event.source)), codec::digest_of(event)};
  }

  Mapping mapping;
  codec::Decoder decoder, parser;
  Arena arena;
  event::Event event;
  std::vector<char> buffer;
};

}  // namespace

bool decode_holds_its_promises(std::span<const std::uint8_t> bytes) {
  static std::array<Subject, 3> subjects{Subject{codec::cloudevents_mapping()},
                                         Subject{json_mapping()}, Subject{csv_mapping()}};
  if (bytes.empty()) return false;
  Subject& subject = subjects[bytes.front() % subjects.size()];
  const auto record = bytes.subspan(1);
  const Answer first = subject.decode(record, ' ');
  subject.decode(record.subspan(record.size() / 2), '}');
  check(subject.decode(record, '}') == first, "decoding depends on the record alone");
  // By now a record that was accepted is of a known shape.
  check(subject.parse(record) == first, "a known shape gives what the parse gives");
  return first.decoded;
}

}  // namespace fealty::fuzz
