#include "src/format_error.hpp"
#include "src/row_codec.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::OrderGrant;
using member::OrderLine;
using wire::Reader;
using wire::tag;
using wire::Writer;

std::size_t bytes_max(const OrderGrant& order) {
  std::size_t size = 18 * wire::number_bytes_max + 2 * wire::head_bytes_max + order.cause.size() +
                     order.cause_source.size();
  for (const auto& line : order.lines) {
    size +=
        5 * wire::number_bytes_max + 3 * wire::head_bytes_max + line.line.size() + line.sku.size();
  }
  return size;
}

void put(Writer& out, const OrderLine& line) {
  out.nested(20, [&] {
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
  out.always_uint(1, format_version);
  out.text(2, order.cause);
  out.text(3, order.cause_source);
  out.fixed(4, order.digest);
  out.sint(5, order.time.time_since_epoch().count());
  out.uint(6, order.currency.packed());
  out.sint(7, order.total_minor);
  out.sint(8, order.subtotal_minor);
  out.sint(9, order.tax_minor);
  out.sint(10, order.shipping_minor);
  out.sint(11, order.discount_minor);
  out.sint(12, order.points_paid);
  out.sint(13, order.refunded_minor);
  out.uint(14, order.rules);
  out.uint(15, order.level);
  out.uint(16, order.program_version);
  out.sint(17, order.granted);
  out.sint(18, order.reversed);
  out.sint(19, order.qualifying);
  for (const auto& line : order.lines) put(out, line);
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

}  // namespace

Result<void> decode_order(std::string_view bytes, OrderGrant& order) {
  Reader in{bytes};
  Format format;
  std::uint32_t currency = 0;
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::bytes):
        in.text(order.cause);
        break;
      case tag(3, wire::bytes):
        in.text(order.cause_source);
        break;
      case tag(4, wire::fixed64):
        order.digest = in.raw_fixed64();
        break;
      case tag(5, wire::varint):
        order.time = EventTime{std::chrono::milliseconds{in.raw_sint()}};
        break;
      case tag(6, wire::varint):
        in.uint(currency);
        break;
      case tag(7, wire::varint):
        in.sint(order.total_minor);
        break;
      case tag(8, wire::varint):
        in.sint(order.subtotal_minor);
        break;
      case tag(9, wire::varint):
        in.sint(order.tax_minor);
        break;
      case tag(10, wire::varint):
        in.sint(order.shipping_minor);
        break;
      case tag(11, wire::varint):
        in.sint(order.discount_minor);
        break;
      case tag(12, wire::varint):
        in.sint(order.points_paid);
        break;
      case tag(13, wire::varint):
        in.sint(order.refunded_minor);
        break;
      case tag(14, wire::varint):
        in.uint(order.rules);
        break;
      case tag(15, wire::varint):
        in.uint(order.level);
        break;
      case tag(16, wire::varint):
        in.uint(order.program_version);
        break;
      case tag(17, wire::varint):
        in.sint(order.granted);
        break;
      case tag(18, wire::varint):
        in.sint(order.reversed);
        break;
      case tag(19, wire::varint):
        in.sint(order.qualifying);
        break;
      case tag(20, wire::bytes):
        get(in.raw_bytes(), order.lines.emplace_back(), in);
        break;
      default:
        in.skip(t, 20);
    }
  }
  order.currency = Currency::from_packed(currency);
  return verdict(in.ok(), format.number, "order");
}

void encode_order(const OrderGrant& order, std::string& out_bytes) {
  Writer out{out_bytes, bytes_max(order)};
  put(out, order);
  out.finish();
}

}  // namespace fealty::state
