#include "convert.hpp"

namespace fealty::codec {
namespace {

/// The rows of a rule's lines; nullptr where the record has none. `ok` false after a fault.
const LineRows* rows_of(const ConvertInput& input, const Rule& rule, Fault& fault, bool& ok) {
  ok = true;
  if (rule.line_set < 0) return nullptr;
  const Token& array = input.captured.slots[rule.lines_slot];
  if (array.kind == Token::Kind::absent || array.kind == Token::Kind::null) return nullptr;
  if (array.kind != Token::Kind::container || *array.data != '[') {
    ok = fault.set(Errc::wrong_type, Field::lines);
    return nullptr;
  }
  return &input.captured.lines[static_cast<std::size_t>(rule.line_set)];
}

bool line(Reader& reader, int scale, Fault& fault, event::Line& out, std::int64_t& sum) {
  bool found = false;
  if (!reader.text(Field::line, Need::optional, out.line) ||
      !reader.text(Field::sku, Need::required, out.sku) ||
      !reader.text(Field::category, Need::optional, out.category) ||
      !reader.text(Field::brand, Need::optional, out.brand) ||
      !reader.number(Field::quantity, Need::required, 0, 1, quantity_max, out.quantity, found) ||
      !reader.number(Field::price, Need::required, scale, 0, amount_minor_max, out.price_minor,
                     found)) {
    return false;
  }
  std::int64_t amount = 0;
  if (__builtin_mul_overflow(out.quantity, out.price_minor, &amount) ||
      __builtin_add_overflow(sum, amount, &sum) || sum > amount_minor_max) {
    return fault.set(Errc::out_of_range, Field::lines);
  }
  return true;
}

bool refund_line(Reader& reader, std::optional<int> scale, Fault& fault, event::RefundLine& out) {
  if (!reader.text(Field::line, Need::optional, out.line) ||
      !reader.text(Field::sku, Need::optional, out.sku)) {
    return false;
  }
  if (out.line.empty() && out.sku.empty()) return fault.set(Errc::missing_field, Field::line);
  std::int64_t quantity = 0;
  bool found = false;
  if (!reader.number(Field::quantity, Need::optional, 0, 1, quantity_max, quantity, found)) {
    return false;
  }
  if (found) out.quantity = quantity;
  if (!reader.token(Field::amount).seen()) return true;
  if (!scale) return fault.set(Errc::missing_field, Field::currency);
  return reader.money(Field::amount, *scale, out.amount_minor);
}

}  // namespace

bool convert_purchase(const ConvertInput& input, const Rule& rule, Reader& reader, Arena& arena,
                      ConvertScratch& scratch, Fault& fault, event::Purchase& out) {
  if (!reader.text(Field::order_id, Need::required, out.order_id)) return false;
  if (!reader.currency(out.currency)) return false;
  if (!out.currency.stated() && input.mapping.format != Format::cloudevents) {
    out.currency = input.mapping.default_currency;
  }
  if (!out.currency.stated()) return fault.set(Errc::missing_field, Field::currency);
  const int scale = out.currency.scale();

  bool ok = false;
  const LineRows* const rows = rows_of(input, rule, fault, ok);
  if (!ok) return false;
  std::int64_t sum = 0;
  if (rows != nullptr && rows->count > 0) {
    scratch.lines.assign(rows->count, event::Line{});
    for (std::size_t i = 0; i < rows->count; ++i) {
      Reader columns{input.mapping, rule.line_fields, rows->row(i), input.called, arena, fault};
      if (!line(columns, scale, fault, scratch.lines[i], sum)) return false;
    }
    out.lines = arena.copy(std::span<const event::Line>{scratch.lines});
  }

  bool found = false;
  const Need need = out.lines.empty() ? Need::required : Need::optional;
  if (!reader.number(Field::total, need, scale, 0, amount_minor_max, out.total_minor, found)) {
    return false;
  }
  if (!found) out.total_minor = sum;
  return reader.money(Field::subtotal, scale, out.subtotal_minor) &&
         reader.money(Field::tax, scale, out.tax_minor) &&
         reader.money(Field::shipping, scale, out.shipping_minor) &&
         reader.money(Field::discount, scale, out.discount_minor) &&
         reader.optional(Field::points_paid, 0, points_max, out.points_paid) &&
         reader.text(Field::channel, Need::optional, out.channel) &&
         reader.text(Field::store, Need::optional, out.store);
}

bool convert_refund(const ConvertInput& input, const Rule& rule, Reader& reader, Arena& arena,
                    ConvertScratch& scratch, Fault& fault, event::Refund& out) {
  if (!reader.text(Field::order_id, Need::required, out.order_id) ||
      !reader.text(Field::refund_id, Need::optional, out.refund_id) ||
      !reader.text(Field::reason, Need::optional, out.reason, event::id_bytes_max) ||
      !reader.currency(out.currency)) {
    return false;
  }
  if (!out.currency.stated()) out.currency = input.mapping.default_currency;
  std::optional<int> scale;
  if (out.currency.stated()) scale = out.currency.scale();

  if (reader.token(Field::amount).seen()) {
    if (!scale) return fault.set(Errc::missing_field, Field::currency);
    if (!reader.money(Field::amount, *scale, out.amount_minor)) return false;
  }
  if (rule.refund_lines != RefundLines::refunded) return true;
  bool ok = false;
  const LineRows* const rows = rows_of(input, rule, fault, ok);
  if (!ok) return false;
  if (rows == nullptr || rows->count == 0) return true;
  scratch.refund_lines.assign(rows->count, event::RefundLine{});
  for (std::size_t i = 0; i < rows->count; ++i) {
    Reader columns{input.mapping, rule.line_fields, rows->row(i), input.called, arena, fault};
    if (!refund_line(columns, scale, fault, scratch.refund_lines[i])) return false;
  }
  out.lines = arena.copy(std::span<const event::RefundLine>{scratch.refund_lines});
  return true;
}

}  // namespace fealty::codec
