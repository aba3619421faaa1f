#include "src/row_codec.hpp"

#include "fealty/base/check.hpp"
#include "src/format_error.hpp"
#include "src/keys.hpp"
#include "src/wire.hpp"

namespace fealty::state {
namespace {

using member::DeliveryRow;
using member::ParkedRefund;
using member::RowKey;
using member::RowKind;
using wire::Reader;
using wire::tag;
using wire::Writer;

std::size_t bytes_max(const ParkedRefund& parked) {
  std::size_t size = 6 * wire::number_bytes_max + 5 * wire::head_bytes_max +
                     parked.order_id.size() + parked.refund_id.size() + parked.event_id.size() +
                     parked.event_source.size() + parked.reason.size();
  for (const auto& line : parked.lines) {
    size +=
        2 * wire::number_bytes_max + 3 * wire::head_bytes_max + line.line.size() + line.sku.size();
  }
  return size;
}

void put(Writer& out, const ParkedRefund& parked) {
  out.always_uint(1, format_version);
  out.text(2, parked.order_id);
  out.text(3, parked.refund_id);
  out.text(4, parked.event_id);
  out.text(5, parked.event_source);
  out.uint(6, static_cast<std::uint64_t>(parked.type));
  out.text(7, parked.reason);
  out.sint(8, parked.time.time_since_epoch().count());
  out.uint(9, parked.currency.packed());
  out.uint(10, parked.whole_order ? 0 : 1);
  if (parked.has_amount) out.always_sint(11, parked.amount_minor);
  for (const auto& line : parked.lines) {
    out.nested(12, [&] {
      out.text(1, line.line);
      out.text(2, line.sku);
      out.optional_sint(3, line.quantity, -1);
      out.optional_sint(4, line.amount_minor, -1);
    });
  }
}

void get(std::string_view bytes, ParkedRefund::Line& line, Reader& outer) {
  Reader in{bytes};
  for (std::uint32_t t = 0; in.next(t);) {
    switch (t) {
      case tag(1, wire::bytes):
        line.line = in.raw_bytes();
        break;
      case tag(2, wire::bytes):
        line.sku = in.raw_bytes();
        break;
      case tag(3, wire::varint):
        in.sint(line.quantity);
        break;
      case tag(4, wire::varint):
        in.sint(line.amount_minor);
        break;
      default:
        in.skip(t, 4);
    }
  }
  if (!in.ok()) outer.fail();
}

Result<void> get(std::string_view bytes, ParkedRefund& parked) {
  Reader in{bytes};
  Format format;
  bool part_of_order = false;
  std::uint32_t currency = 0;
  parked.type = member::CauseType::none;
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::bytes):
        parked.order_id = in.raw_bytes();
        break;
      case tag(3, wire::bytes):
        parked.refund_id = in.raw_bytes();
        break;
      case tag(4, wire::bytes):
        parked.event_id = in.raw_bytes();
        break;
      case tag(5, wire::bytes):
        parked.event_source = in.raw_bytes();
        break;
      case tag(6, wire::varint):
        get_cause_type(in, parked.type);
        break;
      case tag(7, wire::bytes):
        parked.reason = in.raw_bytes();
        break;
      case tag(8, wire::varint):
        parked.time = EventTime{std::chrono::milliseconds{in.raw_sint()}};
        break;
      case tag(9, wire::varint):
        in.uint(currency);
        break;
      case tag(10, wire::varint):
        in.flag(part_of_order);
        break;
      case tag(11, wire::varint):
        parked.has_amount = true;
        in.sint(parked.amount_minor);
        break;
      case tag(12, wire::bytes):
        get(in.raw_bytes(), parked.lines.emplace_back(), in);
        break;
      default:
        in.skip(t, 12);
    }
  }
  parked.whole_order = !part_of_order;
  parked.currency = Currency::from_packed(currency);
  return verdict(in.ok(), format.number, "parked refund");
}

void put(Writer& out, const DeliveryRow& delivery) {
  out.always_uint(1, format_version);
  out.text(2, delivery.id);
  out.text(3, delivery.source);
  out.fixed(4, delivery.digest);
  out.uint(5, delivery.kind);
}

Result<void> get(std::string_view bytes, DeliveryRow& delivery) {
  Reader in{bytes};
  Format format;
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::bytes):
        delivery.id = in.raw_bytes();
        break;
      case tag(3, wire::bytes):
        delivery.source = in.raw_bytes();
        break;
      case tag(4, wire::fixed64):
        delivery.digest = in.raw_fixed64();
        break;
      case tag(5, wire::varint):
        in.uint(delivery.kind);
        break;
      default:
        in.skip(t, 5);
    }
  }
  return verdict(in.ok(), format.number, "delivery");
}

Result<void> get(std::string_view bytes, std::int64_t& reserved) {
  Reader in{bytes};
  Format format;
  for (std::uint32_t t = 0; format.known() && in.next(t);) {
    switch (t) {
      case tag(1, wire::varint):
        in.uint(format.number);
        break;
      case tag(2, wire::varint):
        in.sint(reserved);
        break;
      default:
        in.skip(t, 2);
    }
  }
  return verdict(in.ok(), format.number, "reservation");
}

template <class Value>
void write(const Value& value, std::size_t bytes_max, std::string& out_bytes) {
  Writer out{out_bytes, bytes_max};
  put(out, value);
  out.finish();
}

}  // namespace

void append_row_key(const RowKey& key, std::string& out) {
  switch (key.kind) {
    case RowKind::order:
      out.push_back(keys::order_table);
      out.append(key.first);
      return;
    case RowKind::delivery:
      out.push_back(keys::delivery_table);
      out.push_back(static_cast<char>(key.scope));
      if ((key.scope & RowKey::by_business) == 0) {
        check(key.first.size() <= 0xffff, "decode bounds an event's id");
        keys::append_big_endian(static_cast<std::uint16_t>(key.first.size()), out);
      }
      out.append(key.first).append(key.second);
      return;
    case RowKind::parked:
      out.push_back(keys::parked_table);
      out.push_back(static_cast<char>(key.scope));
      return;
    case RowKind::reservation:
      out.push_back(keys::reservation_table);
      out.append(key.first);
      return;
  }
}

void encode_row(const member::RowChange& change, const member::Effects& effects, std::string& out) {
  switch (change.key.kind) {
    case RowKind::order:
      return encode_order(*effects.order, out);
    case RowKind::delivery:
      return write(change.delivery,
                   3 * wire::number_bytes_max + 2 * wire::head_bytes_max +
                       change.delivery.id.size() + change.delivery.source.size(),
                   out);
    case RowKind::parked:
      return write(*effects.parked, bytes_max(*effects.parked), out);
    case RowKind::reservation: {
      Writer writer{out, 2 * wire::number_bytes_max};
      writer.always_uint(1, format_version);
      writer.sint(2, change.reserved);
      writer.finish();
    }
  }
}

Result<void> decode_row(std::string_view value, member::FoundRow& row) {
  row.found = true;
  switch (row.key.kind) {
    case RowKind::order:
      row.order = member::OrderGrant{};
      row.order.order_id = row.key.first;
      return decode_order(value, row.order);
    case RowKind::delivery:
      row.bytes.assign(value);
      row.delivery = {};
      return get(row.bytes, row.delivery);
    case RowKind::parked:
      row.bytes.assign(value);
      row.parked = {};
      return get(row.bytes, row.parked);
    case RowKind::reservation:
      row.reserved = 0;
      return get(value, row.reserved);
  }
  return {};
}

}  // namespace fealty::state
