#include "fealty/state/record_codec.hpp"
#include "src/format_error.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::EntryKind;
using member::LedgerEntry;
using wire::Reader;
using wire::tag;
using wire::Writer;

std::size_t bytes_max(const LedgerEntry& entry) {
  return 10 * wire::number_bytes_max + 6 * wire::head_bytes_max + entry.cause.size() +
         entry.cause_source.size() + entry.rule.size() + entry.order_id.size() +
         entry.explanation.size();
}

void put(Writer& out, const LedgerEntry& entry) {
  out.nested(2, [&] {
    out.uint(1, entry.seq);
    out.uint(2, static_cast<std::uint64_t>(entry.kind));
    out.sint(3, entry.points);
    out.sint(4, entry.balance_after);
    out.sint(5, entry.time.time_since_epoch().count());
    out.uint(6, entry.position);
    out.text(7, entry.cause);
    out.text(8, entry.rule);
    out.uint(9, entry.rule_version);
    out.text(10, entry.order_id);
    out.text(11, entry.explanation);
    out.fixed(12, entry.hash);
    out.text(13, entry.cause_source);
    out.uint(14, static_cast<std::uint64_t>(entry.cause_type));
  });
}

void get(std::string_view bytes, LedgerEntry& entry, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(entry.seq);
        break;
      case tag(2, wire::varint): {
        const std::uint64_t kind = in.raw_varint();
        if (kind > static_cast<std::uint64_t>(EntryKind::adjust))
          in.fail();
        else
          entry.kind = static_cast<EntryKind>(kind);
        break;
      }
      case tag(3, wire::varint):
        in.sint(entry.points);
        break;
      case tag(4, wire::varint):
        in.sint(entry.balance_after);
        break;
      case tag(5, wire::varint):
        entry.time = EventTime{std::chrono::milliseconds{in.raw_sint()}};
        break;
      case tag(6, wire::varint):
        in.uint(entry.position);
        break;
      case tag(7, wire::bytes):
        entry.cause = in.raw_bytes();
        break;
      case tag(8, wire::bytes):
        entry.rule = in.raw_bytes();
        break;
      case tag(9, wire::varint):
        in.uint(entry.rule_version);
        break;
      case tag(10, wire::bytes):
        entry.order_id = in.raw_bytes();
        break;
      case tag(11, wire::bytes):
        entry.explanation = in.raw_bytes();
        break;
      case tag(12, wire::fixed64):
        entry.hash = in.raw_fixed64();
        break;
      case tag(13, wire::bytes):
        entry.cause_source = in.raw_bytes();
        break;
      case tag(14, wire::varint):
        get_cause_type(in, entry.cause_type);
        break;
      default:
        in.skip(t, 14);
    }
  }
  if (!in.ok()) outer.fail();
}

}  // namespace

void encode_entry(const LedgerEntry& entry, std::string& out_bytes) {
  Writer out{out_bytes, bytes_max(entry)};
  put(out, entry);
  out.finish();
}

Result<void> decode_entry(std::string_view bytes, LedgerEntry& entry) {
  entry = {};
  Reader in{bytes};
  std::uint32_t t = 0;
  if (in.next(t) && t == tag(2, wire::bytes)) get(in.raw_bytes(), entry, in);
  return verdict(in.ok() && t == tag(2, wire::bytes), format_version, "ledger");
}

std::uint64_t encoded_seq(std::string_view field) {
  Reader outer{field};
  std::uint32_t t = 0;
  check(outer.next(t) && t == tag(2, wire::bytes), "a ledger entry as it was encoded");
  Reader in{outer.raw_bytes()};
  std::uint64_t seq = 0;
  if (in.next(t) && t == tag(1, wire::varint)) in.uint(seq);
  return seq;
}

void encode_chunk(std::span<const std::string_view> entries, std::string& out_bytes) {
  Writer out{out_bytes, wire::number_bytes_max};
  out.always_uint(1, format_version);
  out.finish();
  for (const std::string_view entry : entries) out_bytes.append(entry);
}

Result<void> decode_chunk(std::string_view bytes, std::vector<LedgerEntry>& entries) {
  entries.clear();
  Format format;
  Reader in{bytes};
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::bytes):
        get(in.raw_bytes(), entries.emplace_back(), in);
        break;
      default:
        in.skip(t, 2);
    }
  }
  return verdict(in.ok(), format.number, "ledger");
}

}  // namespace fealty::state
