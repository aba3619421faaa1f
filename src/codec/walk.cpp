#include "walk.hpp"

#include <cstring>
#include <utility>

#include "fealty/codec/decoder.hpp"

namespace fealty::codec {
namespace {

/// A key's text: from behind its quote, up to the quote before the colon that precedes the value.
std::string_view key_before(const char* key, const char* value) {
  const char* end = value - 1;
  while (*end != ':') --end;
  --end;
  while (*end != '"') --end;
  return {key, static_cast<std::size_t>(end - key)};
}

/// The text of a container that has just been read, up to the token now current.
std::string_view text_until(const char* begin, const char* current) {
  while (current > begin && current[-1] != '}' && current[-1] != ']') --current;
  return {begin, static_cast<std::size_t>(current - begin)};
}

}  // namespace

Errc errc_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return Errc::invalid_utf8;
    case simdjson::DEPTH_ERROR:
      return Errc::too_deep;
    case simdjson::CAPACITY:
      return Errc::record_too_large;
    case simdjson::EMPTY:
      return Errc::empty_record;
    default:
      return Errc::malformed_json;
  }
}

bool Walk::refuse(simdjson::error_code error) { return fault_.set(errc_of(error)); }

bool Walk::document(simdjson::ondemand::document& document, const Node& node) {
  Object root;
  if (const auto error = document.get_object().get(root)) {
    std::string_view first;
    if (error == simdjson::INCORRECT_TYPE && !document.raw_json_token().get(first) &&
        first.starts_with('[')) {
      return fault_.set(Errc::wrong_type, Field::record,
                        "an array; one event a record is supported");
    }
    return refuse(error);
  }
  if (!object(root, node, captured_.slots.data(), 1)) return false;
  const char* rest = nullptr;
  if (document.current_location().get(rest) != simdjson::OUT_OF_BOUNDS) {
    return fault_.set(Errc::malformed_json);  // Text behind the object, or braces left open.
  }
  return true;
}

int Walk::find(const Node& node, std::string_view key) {
  const int at = node.keys.find_padded(key);
  if (at != KeyTable::none || !captured_.escapes) return at;
  std::string_view plain;
  if (std::memchr(key.data(), '\\', key.size()) == nullptr) return at;
  if (!unescape(key, arena_, plain)) return at;  // An unknown key, whatever it was to mean.
  return node.keys.find(plain);
}

bool Walk::object(Object& object, const Node& node, Token* slots, std::size_t depth) {
  for (auto next : object) {
    if (next.error() != simdjson::SUCCESS) return refuse(next.error());
    // In place: a copy of it would be read before it is written (store forwarding fails).
    simdjson::ondemand::field&& field = std::move(next).value_unsafe();
    Value& value = field.value();
    const std::string_view raw = value.raw_json_token();
    const int at = find(node, key_before(field.key().raw(), raw.data()));
    if (at == KeyTable::none) {
      if (!skip(value, raw, depth)) return false;
      continue;
    }
    if (!member(value, raw, node.entries[static_cast<std::size_t>(at)], slots, depth)) return false;
  }
  return true;
}

bool Walk::member(Value& value, std::string_view raw, const Entry& entry, Token* slots,
                  std::size_t depth) {
  Token& token = slots[entry.slot];
  if (token.seen()) {
    ambiguous(token, Ambiguous::Why::repeated);
    return skip(value, raw, depth);
  }
  switch (raw.front()) {
    case '{':
      return mapped_object(value, entry, slots, depth);
    case '[':
      return mapped_array(value, entry, slots, depth);
    default:
      break;
  }
  if (!classify(raw, captured_.escapes, token)) {
    return fault_.set(Errc::malformed_json, entry.label);
  }
  if (trace_ != nullptr) note_scalar(raw, token, trace_->place_of(token));
  return true;
}

void Walk::ambiguous(const Token& token, Ambiguous::Why why) {
  captured_.ambiguous.push_back({captured_.place_of(token), why});
  captured_.odd = true;
}

void Walk::note_scalar(std::string_view raw, const Token& scalar, const Place& place) {
  const std::size_t quote = raw.front() == '"' ? 1 : 0;
  trace_->add({.what = Trace::What::scalar,
               .place = place,
               .begin = raw.data(),
               .end = scalar.data + scalar.size + quote});
}

bool Walk::open(Value& value, std::size_t depth, Object& object) {
  if (depth >= depth_max) return fault_.set(Errc::too_deep, Field::record);
  const auto error = value.get_object().get(object);
  return !error || refuse(error);
}

bool Walk::open(Value& value, std::size_t depth, Array& array) {
  if (depth >= depth_max) return fault_.set(Errc::too_deep, Field::record);
  const auto error = value.get_array().get(array);
  return !error || refuse(error);
}

bool Walk::mapped_object(Value& value, const Entry& entry, Token* slots, std::size_t depth) {
  Token& token = slots[entry.slot];
  const char* const begin = value.raw_json_token().data();
  token = {begin, 0, Token::Kind::container};
  const Place place = trace_ != nullptr ? trace_->place_of(token) : Place{};
  if (trace_ != nullptr) {
    trace_->add({.what = Trace::What::container, .place = place, .begin = begin});
  }
  Object inner;
  if (!open(value, depth, inner)) return false;
  const bool descend = entry.child >= 0 && !entry.single;
  if (descend) {
    const Node& node = mapping_.nodes[static_cast<std::size_t>(entry.child)];
    if (!object(inner, node, slots, depth + 1)) return false;
  } else if (!skip_object(inner, depth + 1)) {
    return false;
  }
  if (entry.raw) {
    const char* current = nullptr;
    if (const auto error = value.current_location().get(current)) return refuse(error);
    token.size = static_cast<std::uint32_t>(text_until(begin, current).size());
    if (trace_ != nullptr) {
      trace_->add({.what = Trace::What::raw, .place = place, .end = begin + token.size});
    }
  }
  return true;
}

bool Walk::mapped_array(Value& value, const Entry& entry, Token* slots, std::size_t depth) {
  Token& token = slots[entry.slot];
  token = {value.raw_json_token().data(), 0, Token::Kind::container};
  if (trace_ != nullptr) {
    trace_->add(
        {.what = Trace::What::container, .place = trace_->place_of(token), .begin = token.data});
  }
  Array array;
  if (!open(value, depth, array)) return false;
  if (entry.line_set >= 0) return lines(array, entry, depth + 1);
  if (entry.single) return single(array, entry, slots, depth + 1);
  return skip_array(array, depth + 1);
}

bool Walk::lines(Array& array, const Entry& entry, std::size_t depth) {
  const LineSet& set = mapping_.line_sets[static_cast<std::size_t>(entry.line_set)];
  LineRows& rows = captured_.lines[static_cast<std::size_t>(entry.line_set)];
  const Node& node = mapping_.nodes[static_cast<std::size_t>(set.node)];
  for (auto next : array) {
    Value element;
    if (const auto error = std::move(next).get(element)) return refuse(error);
    const std::string_view raw = element.raw_json_token();
    const bool no_object = raw.front() != '{', no_room = rows.count == event::lines_max;
    if (no_object || no_room) {
      captured_.odd = true;
      rows.no_objects += no_object ? 1 : 0;
      rows.too_many = rows.too_many || no_room;
      if (!skip(element, raw, depth)) return false;
      continue;
    }
    Token* const slots = rows.add_row();
    if (trace_ != nullptr) {
      trace_->add({.what = Trace::What::row,
                   .place = {.line_set = entry.line_set},
                   .begin = element.raw_json_token().data()});
    }
    Object line;
    if (!open(element, depth, line) || !object(line, node, slots, depth + 1)) return false;
  }
  return true;
}

bool Walk::single(Array& array, const Entry& entry, Token* slots, std::size_t depth) {
  const Node& node = mapping_.nodes[static_cast<std::size_t>(entry.child)];
  bool first = true;
  for (auto next : array) {
    Value element;
    if (const auto error = std::move(next).get(element)) return refuse(error);
    const std::string_view raw = element.raw_json_token();
    if (!first) ambiguous(slots[entry.slot], Ambiguous::Why::many);
    if (!std::exchange(first, false) || raw.front() != '{') {
      if (!skip(element, raw, depth)) return false;
      continue;
    }
    Object inner;
    if (!open(element, depth, inner) || !object(inner, node, slots, depth + 1)) return false;
  }
  return true;
}

bool Walk::skip(Value& value, std::string_view raw, std::size_t depth) {
  if (raw.front() == '{') {
    Object inner;
    return open(value, depth, inner) && skip_object(inner, depth + 1);
  }
  if (raw.front() == '[') {
    Array inner;
    return open(value, depth, inner) && skip_array(inner, depth + 1);
  }
  Token unused;
  if (!classify(raw, false, unused)) return fault_.set(Errc::malformed_json);
  if (trace_ != nullptr) note_scalar(raw, unused, Place{});
  return true;
}

bool Walk::skip_object(Object& object, std::size_t depth) {
  for (auto next : object) {
    simdjson::ondemand::field field;
    if (const auto error = std::move(next).get(field)) return refuse(error);
    if (!skip(field.value(), field.value().raw_json_token(), depth)) return false;
  }
  return true;
}

bool Walk::skip_array(Array& array, std::size_t depth) {
  for (auto next : array) {
    Value element;
    if (const auto error = std::move(next).get(element)) return refuse(error);
    if (!skip(element, element.raw_json_token(), depth)) return false;
  }
  return true;
}

}  // namespace fealty::codec
