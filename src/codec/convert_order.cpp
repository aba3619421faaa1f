#include <algorithm>

#include "convert.hpp"

namespace fealty::codec {
namespace {

/// Whether no key of a line came twice.
bool unambiguous(const ConvertInput& input, const Rule& rule, Fault& fault) {
  for (const Ambiguous& value : input.captured.ambiguous) {
    if (value.place.line_set != rule.line_set) continue;
    const LineSet& set = input.mapping.line_sets[static_cast<std::size_t>(rule.line_set)];
    return fault.set(Errc::duplicate_key, set.labels[value.place.slot]);
  }
  return true;
}

/// The rows of a rule's lines; nullptr where the record has none. `ok` false after a fault.
/// `strictly`: whatever is no array of lines is one.
const LineRows* rows_of(const ConvertInput& input, const Rule& rule, bool strictly, Fault& fault,
                        std::vector<OddPath>& odd, bool& ok) {
  ok = true;
  if (rule.line_set < 0) return nullptr;
  const Token& array = input.captured.slots[rule.lines_slot];
  if (array.kind == Token::Kind::absent || array.kind == Token::Kind::null) return nullptr;
  if (array.kind != Token::Kind::container || *array.data != '[') {
    ok = !strictly || fault.set(Errc::wrong_type, Field::lines);
    odd.push_back({OddPath::no_set, rule.lines_slot});
    return nullptr;
  }
  const LineRows& rows = input.captured.lines[static_cast<std::size_t>(rule.line_set)];
  if (rows.too_many) {
    ok = fault.set(Errc::out_of_range, Field::lines);
    return nullptr;
  }
  if (input.captured.odd && !unambiguous(input, rule, fault)) {
    ok = false;
    return nullptr;
  }
  if (rows.no_objects > 0) {
    ok = !strictly || fault.set(Errc::wrong_type, Field::lines);
    odd.insert(odd.end(), rows.no_objects, {rule.line_set, -1});
  }
  return &rows;
}

bool line(Reader& reader, Currency currency, event::Line& out) {
  bool found = false;
  return reader.text(Field::line, Need::optional, out.line) &&
         reader.text(Field::sku, Need::required, out.sku) &&
         reader.text(Field::category, Need::free, out.category) &&
         reader.text(Field::brand, Need::free, out.brand) &&
         reader.number(Field::quantity, Need::required, 0, 1, quantity_max, out.quantity, found) &&
         reader.amount(Field::price, Need::required, currency, out.price_minor, found);
}

/// The lines of a purchase. One that cannot be read is left out, unless the mapping is strict.
struct Lines {
  std::int64_t sum = 0;
  bool all = true;
};
bool purchase_lines(const ConvertInput& input, const Rule& rule, const LineRows& rows,
                    Currency currency, Arena& arena, ConvertScratch& scratch, Fault& fault,
                    Lines& out) {
  scratch.lines.clear();
  for (std::size_t i = 0; i < rows.count; ++i) {
    Reader columns{input.mapping, rule.line_fields, rows.row(i),  input.called, arena,
                   fault,         scratch.odd,      rule.line_set};
    event::Line& read = scratch.lines.emplace_back();
    if (!line(columns, currency, read)) {
      if (input.mapping.strict) return false;
      fault = {};
      out.all = false;
      scratch.odd.push_back(columns.last());
      scratch.lines.pop_back();
      continue;
    }
    std::int64_t amount = 0;
    if (__builtin_mul_overflow(read.quantity, read.price_minor, &amount) ||
        __builtin_add_overflow(out.sum, amount, &out.sum) || out.sum > amount_minor_max) {
      return fault.set(Errc::out_of_range, Field::lines);
    }
  }
  out.all = out.all && rows.no_objects == 0;
  return true;
}

bool refund_line(Reader& reader, Currency currency, Fault& fault, event::RefundLine& out) {
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
  if (!currency.stated()) return fault.set(Errc::missing_field, Field::currency);
  return reader.money(Field::amount, Need::optional, currency, out.amount_minor);
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

  bool ok = false;
  const LineRows* const rows = rows_of(input, rule, input.mapping.strict, fault, scratch.odd, ok);
  if (!ok) return false;
  Lines lines;
  if (rows != nullptr && rows->count > 0) {
    if (!purchase_lines(input, rule, *rows, out.currency, arena, scratch, fault, lines))
      return false;
    out.lines = arena.copy(std::span<const event::Line>{scratch.lines});
  }

  bool found = false;
  // What lines add up to says nothing where one of them is missing.
  const bool from_lines = !out.lines.empty() && lines.all;
  const Need need = from_lines ? Need::optional : Need::required;
  if (!reader.amount(Field::total, need, out.currency, out.total_minor, found)) {
    return false;
  }
  if (!found) out.total_minor = lines.sum;
  return reader.money(Field::subtotal, Need::free, out.currency, out.subtotal_minor) &&
         reader.money(Field::tax, Need::free, out.currency, out.tax_minor) &&
         reader.money(Field::shipping, Need::free, out.currency, out.shipping_minor) &&
         reader.money(Field::discount, Need::free, out.currency, out.discount_minor) &&
         reader.optional(Field::points_paid, Need::optional, 0, points_max, out.points_paid) &&
         reader.text(Field::channel, Need::free, out.channel) &&
         reader.text(Field::store, Need::free, out.store);
}

bool convert_refund(const ConvertInput& input, const Rule& rule, Reader& reader, Arena& arena,
                    ConvertScratch& scratch, Fault& fault, event::Refund& out) {
  if (!reader.text(Field::order_id, Need::required, out.order_id) ||
      !reader.text(Field::refund_id, Need::optional, out.refund_id) ||
      !reader.text(Field::reason, Need::free, out.reason, event::id_bytes_max) ||
      !reader.currency(out.currency)) {
    return false;
  }
  if (!out.currency.stated()) out.currency = input.mapping.default_currency;

  if (reader.token(Field::amount).seen()) {
    if (!out.currency.stated()) return fault.set(Errc::missing_field, Field::currency);
    if (!reader.money(Field::amount, Need::optional, out.currency, out.amount_minor)) return false;
  }
  // An amount that is there, but empty, is not the whole order: somebody forgot to say how much.
  const bool blank = !out.amount_minor && reader.blank(Field::amount);
  constexpr std::string_view not_all = "is there, but says nothing; the whole order is a refund without it";
  const bool selects = rule.refund_lines == RefundLines::refunded ||
                       (rule.refund_lines == RefundLines::without_amount && !out.amount_minor);
  if (!selects) {
    return !blank || fault.set(Errc::missing_field, Field::amount, not_all);
  }
  bool ok = false;
  const LineRows* const rows = rows_of(input, rule, true, fault, scratch.odd, ok);
  if (!ok) return false;
  if (rows == nullptr || rows->count == 0) {
    if (blank) return fault.set(Errc::missing_field, Field::amount, not_all);
    // Nor is a list of no lines.
    return rows == nullptr || out.amount_minor || fault.set(Errc::missing_field, Field::lines, not_all);
  }
  scratch.refund_lines.assign(rows->count, event::RefundLine{});
  for (std::size_t i = 0; i < rows->count; ++i) {
    Reader columns{input.mapping, rule.line_fields, rows->row(i), input.called, arena,
                   fault,         scratch.odd,      rule.line_set};
    if (!refund_line(columns, out.currency, fault, scratch.refund_lines[i])) return false;
  }
  out.lines = arena.copy(std::span<const event::RefundLine>{scratch.refund_lines});
  return true;
}

}  // namespace fealty::codec
