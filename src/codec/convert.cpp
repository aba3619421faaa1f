#include "convert.hpp"

#include <algorithm>

#include "fealty/base/hash.hpp"
#include "fealty/codec/decoder.hpp"
#include "fealty/codec/digest.hpp"

namespace fealty::codec {
namespace {

using event::Type;

bool whole(Reader& reader, Field field, std::int64_t min, std::int64_t max, std::int64_t& out) {
  bool found = false;
  return reader.number(field, Need::required, 0, min, max, out, found);
}

bool touch(Reader& reader, event::Touch& out) {
  return reader.text(Field::sku, Need::free, out.sku) &&
         reader.text(Field::category, Need::free, out.category) &&
         reader.text(Field::brand, Need::free, out.brand) &&
         reader.text(Field::channel, Need::free, out.channel) &&
         reader.optional(Field::dwell_ms, Need::free, 0, event_time_ms_end, out.dwell_ms);
}

bool review(Reader& reader, event::Review& out) {
  std::int64_t rating = 0;
  if (!reader.text(Field::sku, Need::optional, out.sku) ||
      !reader.text(Field::review_id, Need::optional, out.review_id) ||
      !whole(reader, Field::rating, 1, 5, rating)) {
    return false;
  }
  out.rating = static_cast<std::int32_t>(rating);
  return reader.text(Field::text, Need::free, out.text, record_bytes_max) &&
         reader.text(Field::language, Need::free, out.language);
}

bool phase(Reader& reader, Fault& fault, event::RedemptionPhase& out) {
  std::string_view text;
  if (!reader.text(Field::phase, Need::optional, text)) return false;
  using enum event::RedemptionPhase;
  if (text.empty() || text == "at_once") {
    out = at_once;
  } else if (text == "reserve") {
    out = reserve;
  } else if (text == "capture") {
    out = capture;
  } else if (text == "release") {
    out = release;
  } else {
    return fault.set(Errc::out_of_range, Field::phase);
  }
  return true;
}

bool redemption(Reader& reader, Fault& fault, event::Redemption& out) {
  if (!reader.text(Field::redemption_id, Need::required, out.redemption_id) ||
      !reader.text(Field::reward, Need::free, out.reward) || !phase(reader, fault, out.phase)) {
    return false;
  }
  const bool names_points =
      out.phase == event::RedemptionPhase::at_once || out.phase == event::RedemptionPhase::reserve;
  bool found = false;
  return reader.number(Field::points, names_points ? Need::required : Need::optional, 0,
                       names_points ? 1 : 0, points_max, out.points, found);
}

bool adjustment(Reader& reader, Fault& fault, event::Adjustment& out) {
  if (!whole(reader, Field::points, -points_max, points_max, out.points)) return false;
  if (out.points == 0) return fault.set(Errc::out_of_range, Field::points);
  return reader.text(Field::actor, Need::required, out.actor) &&
         reader.text(Field::reason, Need::required, out.reason, record_bytes_max);
}

bool profile(Reader& reader, event::Profile& out) {
  return reader.day(Field::joined, out.joined) && reader.day(Field::birthday, out.birthday) &&
         reader.text(Field::time_zone, Need::free, out.time_zone) &&
         reader.raw(Field::attributes, Need::free, out.attributes);
}

bool data(const ConvertInput& input, const Rule& rule, Reader& reader, Arena& arena,
          ConvertScratch& scratch, Fault& fault, event::Data& out) {
  switch (rule.type) {
    case Type::purchase:
      return convert_purchase(input, rule, reader, arena, scratch, fault,
                              out.emplace<event::Purchase>());
    case Type::refund:
      return convert_refund(input, rule, reader, arena, scratch, fault,
                            out.emplace<event::Refund>());
    case Type::cancel:
      return reader.text(Field::order_id, Need::required, out.emplace<event::Cancel>().order_id);
    case Type::click:
    case Type::view:
      return touch(reader, out.emplace<event::Touch>());
    case Type::review:
      return review(reader, out.emplace<event::Review>());
    case Type::login:
      return reader.text(Field::channel, Need::free, out.emplace<event::Login>().channel);
    case Type::redemption:
      return redemption(reader, fault, out.emplace<event::Redemption>());
    case Type::adjustment:
      return adjustment(reader, fault, out.emplace<event::Adjustment>());
    case Type::enrol:
    case Type::profile:
      return profile(reader, out.emplace<event::Profile>());
    case Type::consent:
    case Type::merge:
    case Type::erase:
    case Type::item:
      return reader.raw(Field::data, Need::optional, out.emplace<event::Other>().data);
  }
  check_failed("an event type without a reader", __FILE__, __LINE__);
}

/// The rule of the record's type; nullptr after a fault.
const Rule* rule_of(const Mapping& mapping, Reader& envelope, Fault& fault) {
  std::string_view type;
  if (!envelope.text(Field::type, Need::required, type)) return nullptr;
  if (mapping.format == Format::cloudevents) {
    const std::size_t dot = type.rfind('.');  // "com.shop.purchase"
    if (dot != std::string_view::npos) type.remove_prefix(dot + 1);
  }
  const int at = mapping.type_names.find(type);
  if (at == KeyTable::none) {
    fault.set(Errc::unknown_type, Field::type);
    return nullptr;
  }
  return &mapping.rules[mapping.type_rules[static_cast<std::size_t>(at)]];
}

/// Whether an event of this type is about an order that another event made, and requires its id.
bool names_order_of_another(Type type) { return type == Type::refund || type == Type::cancel; }

bool check_specversion(Reader& envelope, Fault& fault) {
  std::string_view version;
  if (!envelope.text(Field::specversion, Need::optional, version)) return false;
  return version.empty() || version.starts_with("1.") ||
         fault.set(Errc::out_of_range, Field::specversion);
}

/// Whether each of these slots, ascending, says one thing.
bool unambiguous(const ConvertInput& input, const std::vector<std::uint8_t>& ways, Fault& fault) {
  for (const Ambiguous& value : input.captured.ambiguous) {
    const Place& place = value.place;
    if (place.line_set != Place::in_slots) continue;
    if (!std::binary_search(ways.begin(), ways.end(), place.slot)) continue;
    if (value.why == Ambiguous::Why::repeated) {
      return fault.set(Errc::duplicate_key, input.mapping.slot_labels[place.slot]);
    }
    return fault.set(Errc::out_of_range, Field::record,
                     "more than one event in a record; one event a record is supported");
  }
  return true;
}

/// Whether objects are where the fields of the rule lie, as far as there is something.
bool held(const ConvertInput& input, const Rule& rule, Fault& fault) {
  for (const Holder& holder : rule.holders) {
    const Token& token = input.captured.slots[holder.slot];
    if (token.kind == Token::Kind::absent || token.kind == Token::Kind::null) continue;
    if (token.kind != Token::Kind::container || *token.data != holder.opens) {
      return fault.set(Errc::wrong_type, input.mapping.slot_labels[holder.slot]);
    }
  }
  return true;
}

}  // namespace

bool convert(const ConvertInput& input, Arena& arena, ConvertScratch& scratch, Fault& fault,
             event::Event& event) {
  const Mapping& mapping = input.mapping;
  const Token* const slots = input.captured.slots.data();
  scratch.odd.clear();
  Reader envelope{mapping, mapping.envelope, slots, input.called, arena, fault, scratch.odd};
  const bool odd = input.captured.odd;
  if (odd && !unambiguous(input, mapping.envelope_ways, fault)) return false;
  const Rule* const rule = rule_of(mapping, envelope, fault);
  if (rule == nullptr) return false;
  if (odd && !unambiguous(input, rule->ways, fault)) return false;
  if (mapping.strict && !held(input, *rule, fault)) return false;
  if (mapping.format == Format::cloudevents && !check_specversion(envelope, fault)) return false;
  event.type = rule->type;
  event.source = event.member = {};
  const bool by_order = input.member_by_order && names_order_of_another(rule->type);
  if (!envelope.text(Field::id, Need::required, event.id) ||
      !envelope.text(Field::source, Need::optional, event.source) ||
      !envelope.text(Field::member, by_order ? Need::optional : Need::required, event.member,
                     event::member_bytes_max) ||
      !envelope.time(Field::time, event.time)) {
    return false;
  }
  Reader reader{mapping, rule->fields, slots, input.called, arena, fault, scratch.odd};
  if (!data(input, *rule, reader, arena, scratch, fault, event.data)) return false;
  event.member_hash = hash64(event.member);
  const bool money = event::touches_money(event.type);
  event.id_hash = money ? 0 : hash64(event.id, hash64(event.source));
  event.digest = money ? digest_of(event) : 0;
  return true;
}

}  // namespace fealty::codec
