#include "fealty/state/record_codec.hpp"
#include "src/format_error.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::EntryKind;
using member::LedgerEntry;
using member::OrderGrant;
using member::OrderLine;
using wire::Reader;
using wire::tag;
using wire::Writer;

std::size_t bytes_max(const LedgerEntry& entry) {
  return 9 * wire::number_bytes_max + 5 * wire::head_bytes_max + entry.cause.size() +
         entry.rule.size() + entry.order_id.size() + entry.explanation.size();
}

std::size_t bytes_max(const OrderGrant& order) {
  std::size_t size = 17 * wire::number_bytes_max + 3 * wire::head_bytes_max +
                     order.order_id.size() + order.cause.size();
  for (const auto& line : order.lines) {
    size +=
        5 * wire::number_bytes_max + 3 * wire::head_bytes_max + line.line.size() + line.sku.size();
  }
  return size;
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
  });
}

void put(Writer& out, const OrderLine& line) {
  out.nested(19, [&] {
    out.text(1, line.line);
    out.text(2, line.sku);
    out.sint(3, line.quantity);
    out.sint(4, line.amount_minor);
    out.sint(5, line.refunded_minor);
    out.sint(6, line.refunded_quantity);
    out.uint(7, line.rules);
  });
}

void put(Writer& out, const OrderGrant& order) {
  out.nested(3, [&] {
    out.fixed(1, order.key);
    out.text(2, order.order_id);
    out.text(3, order.cause);
    out.sint(4, order.time.time_since_epoch().count());
    out.uint(5, order.currency.packed());
    out.sint(6, order.total_minor);
    out.sint(7, order.subtotal_minor);
    out.sint(8, order.tax_minor);
    out.sint(9, order.shipping_minor);
    out.sint(10, order.discount_minor);
    out.sint(11, order.points_paid);
    out.sint(12, order.refunded_minor);
    out.uint(13, order.rules);
    out.uint(14, order.level);
    out.uint(15, order.program_version);
    out.sint(16, order.granted);
    out.sint(17, order.reversed);
    out.sint(18, order.qualifying);
    for (const auto& line : order.lines) put(out, line);
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
      default:
        in.skip(t, 12);
    }
  }
  if (!in.ok()) outer.fail();
}

void get(std::string_view bytes, OrderLine& line, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::bytes):
        in.text(line.line);
        break;
      case tag(2, wire::bytes):
        in.text(line.sku);
        break;
      case tag(3, wire::varint):
        in.sint(line.quantity);
        break;
      case tag(4, wire::varint):
        in.sint(line.amount_minor);
        break;
      case tag(5, wire::varint):
        in.sint(line.refunded_minor);
        break;
      case tag(6, wire::varint):
        in.sint(line.refunded_quantity);
        break;
      case tag(7, wire::varint):
        in.uint(line.rules);
        break;
      default:
        in.skip(t, 7);
    }
  }
  if (!in.ok()) outer.fail();
}

/// Whether an encoded order has another key, which its first field tells; false where it cannot be
/// told so.
bool has_other_key(std::string_view bytes, std::uint64_t key) {
  Reader in{bytes};
  std::uint32_t t = 0;
  return in.next(t) && t == tag(1, wire::fixed64) && in.raw_fixed64() != key && in.ok();
}

void get(std::string_view bytes, OrderGrant& order, Reader& outer) {
  Reader in{bytes};
  std::uint32_t currency = 0;
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::fixed64):
        order.key = in.raw_fixed64();
        break;
      case tag(2, wire::bytes):
        in.text(order.order_id);
        break;
      case tag(3, wire::bytes):
        in.text(order.cause);
        break;
      case tag(4, wire::varint):
        order.time = EventTime{std::chrono::milliseconds{in.raw_sint()}};
        break;
      case tag(5, wire::varint):
        in.uint(currency);
        break;
      case tag(6, wire::varint):
        in.sint(order.total_minor);
        break;
      case tag(7, wire::varint):
        in.sint(order.subtotal_minor);
        break;
      case tag(8, wire::varint):
        in.sint(order.tax_minor);
        break;
      case tag(9, wire::varint):
        in.sint(order.shipping_minor);
        break;
      case tag(10, wire::varint):
        in.sint(order.discount_minor);
        break;
      case tag(11, wire::varint):
        in.sint(order.points_paid);
        break;
      case tag(12, wire::varint):
        in.sint(order.refunded_minor);
        break;
      case tag(13, wire::varint):
        in.uint(order.rules);
        break;
      case tag(14, wire::varint):
        in.uint(order.level);
        break;
      case tag(15, wire::varint):
        in.uint(order.program_version);
        break;
      case tag(16, wire::varint):
        in.sint(order.granted);
        break;
      case tag(17, wire::varint):
        in.sint(order.reversed);
        break;
      case tag(18, wire::varint):
        in.sint(order.qualifying);
        break;
      case tag(19, wire::bytes):
        get(in.raw_bytes(), order.lines.emplace_back(), in);
        break;
      default:
        in.skip(t, 19);
    }
  }
  order.currency = Currency::from_packed(currency);
  if (!in.ok()) outer.fail();
}

}  // namespace

void encode_entry(const LedgerEntry& entry, std::string& out_bytes) {
  Writer out{out_bytes, bytes_max(entry)};
  put(out, entry);
  out.finish();
}

void encode_order(const OrderGrant& order, std::string& out_bytes) {
  Writer out{out_bytes, bytes_max(order)};
  put(out, order);
  out.finish();
}

void encode_history(std::span<const std::string_view> fields, std::string& out_bytes) {
  Writer out{out_bytes, wire::number_bytes_max};
  out.always_uint(1, format_version);
  out.finish();
  for (const std::string_view field : fields) out_bytes.append(field);
}

void decode_order(std::string_view bytes, OrderGrant& order) {
  Reader in{bytes};
  std::uint32_t t = 0;
  check(in.next(t) && t == tag(3, wire::bytes), "an order as it was encoded");
  order = OrderGrant{};
  get(in.raw_bytes(), order, in);
  check(in.ok(), "an order as it was encoded");
}

Result<void> decode_history(std::string_view bytes, member::History& history) {
  history.clear();
  std::uint32_t format = 0;
  Reader in{bytes};
  for (std::uint32_t t = 0; format <= format_version && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format);
        break;
      case tag(2, wire::bytes):
        get(in.raw_bytes(), history.entries.emplace_back(), in);
        break;
      case tag(3, wire::bytes):
        get(in.raw_bytes(), history.orders.emplace_back(), in);
        break;
      default:
        in.skip(t, 3);
    }
  }
  return verdict(in.ok(), format, "history");
}

Result<std::optional<OrderGrant>> find_order_in(std::string_view bytes, std::uint64_t order_key) {
  std::optional<OrderGrant> found;
  std::uint32_t format = 0;
  Reader in{bytes};
  for (std::uint32_t t = 0; format <= format_version && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format);
        break;
      case tag(2, wire::bytes):
        in.raw_bytes();
        break;
      case tag(3, wire::bytes): {
        const std::string_view raw = in.raw_bytes();
        if (has_other_key(raw, order_key)) break;
        OrderGrant order;
        get(raw, order, in);
        if (order.key == order_key) found = std::move(order);
        break;
      }
      default:
        in.skip(t, 3);
    }
  }
  if (auto read = verdict(in.ok(), format, "history"); !read) return read.error();
  return found;
}

}  // namespace fealty::state
