#include <simdjson.h>

#include "fealty/codec/encode.hpp"
#include "json_text.hpp"

namespace fealty::codec {
namespace {

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

/// What is kept of a payload; a cut does not tear a UTF-8 sequence.
std::string_view kept_of(std::string_view payload) {
  if (payload.size() <= deadletter_payload_max) return payload;
  std::size_t end = deadletter_payload_max;
  for (int back = 0; back < 3 && (static_cast<unsigned char>(payload[end]) & 0xc0U) == 0x80;
       ++back) {
    --end;
  }
  return payload.substr(0, end);
}

constexpr std::size_t base64_bytes(std::size_t size) { return (size + 2) / 3 * 4; }

/// RFC 4648, with padding.
void put_base64(JsonText& json, std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char* out = json.at();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view three = bytes.substr(i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < three.size() ? static_cast<unsigned char>(three[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      *out++ = k <= three.size() ? digits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  json.advance(base64_bytes(bytes.size()));
}

/// For people: what is no UTF-8 loses its bytes past ASCII.
void put_readable(JsonText& json, std::string_view text) {
  if (is_utf8(text)) {
    json.string(text);
    return;
  }
  std::string ascii{text};
  for (char& c : ascii) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  json.string(ascii);
}

}  // namespace

void encode_deadletter(const Error& error, std::string_view source, std::uint32_t /*partition*/,
                       event::Offset position, std::string_view payload, std::string& out) {
  const std::string_view kept = kept_of(payload);
  JsonText json{out, 512 + json_bytes_max(error.field) + json_bytes_max(error.detail) +
                         json_bytes_max(source) + json_bytes_max(kept)};
  json.raw(R"({"reason":")").raw(name(error.code));
  json.raw(R"(","field":)");
  put_readable(json, error.field);
  json.raw(R"(,"detail":)");
  put_readable(json, error.detail);
  json.raw(R"(,"source":)");
  put_readable(json, source);
  json.raw(R"(,"position":)").number(position);
  if (is_utf8(kept)) {
    json.raw(R"(,"payload":)").string(kept);
  } else {
    json.raw(R"(,"payload_base64":")");
    put_base64(json, kept);
    json.raw("\"");
  }
  json.raw(R"(,"payload_bytes":)").number(std::uint64_t{payload.size()});
  json.raw(R"(,"truncated":)").raw(kept.size() < payload.size() ? "true}" : "false}").finish();
}

}  // namespace fealty::codec
