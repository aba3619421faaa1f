#include "fealty/codec/decoder.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "convert.hpp"
#include "delimited.hpp"
#include "fealty/base/check.hpp"
#include "headers.hpp"
#include "shapes.hpp"
#include "walk.hpp"

namespace fealty::codec {
namespace {

static_assert(padding_bytes >= simdjson::SIMDJSON_PADDING);

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// simdjson looks at the byte behind an object and checks it in another way where that is a brace,
/// so that the reason of a refusal would depend on it. Sources seldom leave one there.
std::string_view with_blank_padding(std::string_view record, Arena& arena) {
  char* const copy = arena.allocate(record.size() + padding_bytes);
  std::memcpy(copy, record.data(), record.size());
  std::memset(copy + record.size(), ' ', padding_bytes);
  return {copy, record.size()};
}

Error error_of(const Fault& fault) {
  return Error{fault.code, fault.field, std::string{fault.detail}};
}

}  // namespace

struct Decoder::Impl {
  Impl(const Mapping& decoded, DecoderOptions how) : mapping{decoded}, options{how} {
    // simdjson counts a scalar as a level of its own.
    check(!parser.allocate(record_bytes_max, depth_max + 8), "no memory for a decoder");
    captured.slots.resize(mapping.slot_count);
    captured.lines.resize(mapping.line_sets.size());
    for (std::size_t i = 0; i < captured.lines.size(); ++i) {
      captured.lines[i].slots = mapping.line_sets[i].slots;
    }
  }

  bool decode(std::string_view record, std::span<const event::Header> headers,
              const RecordName& called, Arena& arena, event::Event& event);
  bool structured(std::string_view record, Arena& arena);
  bool binary(std::string_view record, std::span<const event::Header> headers, Arena& arena);
  bool walk(std::string_view record, const Node& node, Arena& arena);
  bool delimited(std::string_view record, Arena& arena);
  void forget();

  const Mapping& mapping;
  const DecoderOptions options;
  simdjson::ondemand::parser parser;
  Captured captured;
  Shapes records{captured}, data_alone{captured};  // the latter in CloudEvents' binary mode
  ConvertScratch scratch;
  Fault fault;
  std::uint64_t by_shape = 0;
};

/// Of each record, so in the fastest way: a Token that is absent is all zero.
void Decoder::Impl::forget() {
  static_assert(std::is_trivially_copyable_v<Token> && Token::Kind{} == Token::Kind::absent);
  std::memset(static_cast<void*>(captured.slots.data()), 0, captured.slots.size() * sizeof(Token));
  for (LineRows& rows : captured.lines) rows.clear();
  captured.ambiguous.clear();
  captured.odd = false;
}

bool Decoder::Impl::walk(std::string_view record, const Node& node, Arena& arena) {
  Shapes& shapes = &node == &mapping.nodes.front() ? records : data_alone;
  if (options.shapes && shapes.capture(record)) {
    ++by_shape;
    return true;
  }
  if (record.data()[record.size()] == '}') record = with_blank_padding(record, arena);
  captured.escapes = std::memchr(record.data(), '\\', record.size()) != nullptr;
  simdjson::ondemand::document document;
  const auto error =
      parser.iterate(record.data(), record.size(), record.size() + padding_bytes).get(document);
  if (error == simdjson::EMPTY) return fault.set(Errc::empty_record);
  if (error) {
    // A record may be wrong in two ways; which one simdjson sees first depends on the CPU.
    const bool utf8 = simdjson::validate_utf8(record.data(), record.size());
    return fault.set(utf8 ? Errc::malformed_json : Errc::invalid_utf8);
  }
  const bool learns = options.shapes && !captured.escapes;
  Trace* const trace = learns ? shapes.begin_learning() : nullptr;
  if (!Walk{mapping, captured, arena, fault, trace}.document(document, node)) return false;
  if (trace != nullptr && !captured.odd) shapes.learn(record);
  return true;
}

bool Decoder::Impl::structured(std::string_view record, Arena& arena) {
  if (record.empty()) return fault.set(Errc::empty_record);
  return walk(record, mapping.nodes.front(), arena);
}

bool Decoder::Impl::binary(std::string_view record, std::span<const event::Header> headers,
                           Arena& arena) {
  if (!read_headers(mapping, headers, captured, fault)) return false;
  if (record.empty()) return true;  // An event without data; its type says whether that will do.
  const Node& root = mapping.nodes.front();
  const int at = root.keys.find("data");
  check(at != KeyTable::none, "the CloudEvents mapping reads data");
  const Entry& entry = root.entries[static_cast<std::size_t>(at)];
  if (!walk(record, mapping.nodes[static_cast<std::size_t>(entry.child)], arena)) return false;
  while (is_blank(record.front())) record.remove_prefix(1);
  while (is_blank(record.back())) record.remove_suffix(1);
  captured.slots[entry.slot] = {record.data(), static_cast<std::uint32_t>(record.size()),
                                Token::Kind::container};
  return true;
}

bool Decoder::Impl::delimited(std::string_view record, Arena& arena) {
  if (std::all_of(record.begin(), record.end(), is_blank)) return fault.set(Errc::empty_record);
  if (!simdjson::validate_utf8(record.data(), record.size())) {
    return fault.set(Errc::invalid_utf8);
  }
  return read_delimited(mapping, record, captured, arena, fault);
}

bool Decoder::Impl::decode(std::string_view record, std::span<const event::Header> headers,
                           const RecordName& called, Arena& arena, event::Event& event) {
  if (record.size() > record_bytes_max) return fault.set(Errc::record_too_large);
  if (record.starts_with(byte_order_mark)) record.remove_prefix(byte_order_mark.size());
  forget();
  switch (mapping.format) {
    case Format::delimited:
      if (!delimited(record, arena)) return false;
      break;
    case Format::cloudevents:
      if (!headers.empty() && is_binary(headers)) {
        if (!binary(record, headers, arena)) return false;
      } else if (!structured(record, arena)) {
        return false;
      }
      break;
    case Format::json:
      if (!structured(record, arena)) return false;
      break;
  }
  return convert({mapping, captured, called, options.member_by_order}, arena, scratch, fault,
                 event);
}

Decoder::Decoder(const Mapping& mapping, DecoderOptions options)
    : impl_{std::make_unique<Impl>(mapping, options)} {}
Decoder::~Decoder() = default;
std::uint64_t Decoder::by_shape() const { return impl_->by_shape; }
std::span<const OddPath> Decoder::odd() const { return impl_->scratch.odd; }
Decoder::Decoder(Decoder&&) noexcept = default;

Result<void> Decoder::decode(std::string_view record, std::span<const event::Header> headers,
                             const RecordName& name, Arena& arena, event::Event& event) {
  impl_->fault = {};
  if (!impl_->decode(record, headers, name, arena, event)) return error_of(impl_->fault);
  return {};
}

}  // namespace fealty::codec
