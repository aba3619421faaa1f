#include "headers.hpp"

#include <algorithm>
#include <array>

namespace fealty::codec {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

bool is_attribute(std::string_view name) {
  return name.size() > 3 && lower(name[0]) == 'c' && lower(name[1]) == 'e' &&
         (name[2] == '_' || name[2] == '-');
}

/// The longest attribute that a mapping knows is "specversion"; CloudEvents allows twenty
/// characters.
using Attribute = std::array<char, 20>;

}  // namespace

bool is_binary(std::span<const event::Header> headers) {
  bool attributes = false;
  for (const event::Header& header : headers) {
    if (same(header.name, "content-type") && header.value.starts_with("application/cloudevents")) {
      return false;  // Structured; its ce_ headers are copies.
    }
    attributes = attributes || is_attribute(header.name);
  }
  return attributes;
}

bool read_headers(const Mapping& mapping, std::span<const event::Header> headers,
                  Captured& captured, Fault& fault) {
  const Node& root = mapping.nodes.front();
  for (const event::Header& header : headers) {
    if (!is_attribute(header.name)) continue;
    const std::string_view name = header.name.substr(3);
    Attribute attribute{};
    if (name.size() > attribute.size()) continue;
    std::transform(name.begin(), name.end(), attribute.begin(), lower);
    const int at = root.keys.find({attribute.data(), name.size()});
    if (at == KeyTable::none) continue;
    const Entry& entry = root.entries[static_cast<std::size_t>(at)];
    if (!entry.scalar) continue;
    Token& token = captured.slots[entry.slot];
    if (token.seen()) return fault.set(Errc::duplicate_key, entry.label);
    if (header.value.size() > event::id_bytes_max) {
      return fault.set(Errc::out_of_range, entry.label);
    }
    if (!simdjson::validate_utf8(header.value.data(), header.value.size())) {
      return fault.set(Errc::invalid_utf8, entry.label);
    }
    if (header.value.find('\0') != std::string_view::npos) {
      return fault.set(Errc::malformed_json, entry.label);
    }
    token = {header.value.data(), static_cast<std::uint32_t>(header.value.size()),
             Token::Kind::string};
  }
  return true;
}

}  // namespace fealty::codec
