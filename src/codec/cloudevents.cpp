#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/codec/mapping.hpp"

namespace fealty::codec {
namespace {

using event::Type;

/// Each field at the path of its own name below `data`.
std::vector<FieldSpec> in_data(std::initializer_list<Field> fields) {
  std::vector<FieldSpec> specs;
  for (const Field field : fields) {
    specs.push_back({field, {"data." + std::string{name(field)}}, std::nullopt});
  }
  return specs;
}

TypeSpec type(Type type, std::initializer_list<Field> fields) {
  return {type, {std::string{event::name(type)}}, in_data(fields), {}, {}, RefundLines::refunded};
}

TypeSpec with_lines(TypeSpec spec, std::initializer_list<Field> fields) {
  spec.lines_path = "data.lines";
  for (const Field field : fields) {
    spec.line_fields.push_back({field, {std::string{name(field)}}, std::nullopt});
  }
  return spec;
}

TypeSpec other(Type kind) {
  return {kind,
          {std::string{event::name(kind)}},
          {{Field::data, {"data"}, std::nullopt}},
          {},
          {},
          RefundLines::refunded};
}

}  // namespace

Mapping cloudevents_mapping() {
  MappingSpec spec;
  spec.name = "cloudevents";
  spec.format = Format::cloudevents;
  spec.strict = true;
  spec.times.loose = false;
  spec.amounts.rounding = AmountFormat::Rounding::none;
  spec.envelope = {
      {Field::id, {"id"}, std::nullopt},     {Field::source, {"source"}, std::nullopt},
      {Field::type, {"type"}, std::nullopt}, {Field::member, {"subject"}, std::nullopt},
      {Field::time, {"time"}, std::nullopt}, {Field::specversion, {"specversion"}, std::nullopt}};
  const auto touch = {Field::sku, Field::category, Field::brand, Field::dwell_ms, Field::channel};
  const auto profile = {Field::joined, Field::birthday, Field::time_zone, Field::attributes};
  spec.types = {
      with_lines(
          type(Type::purchase, {Field::order_id, Field::currency, Field::total, Field::subtotal,
                                Field::tax, Field::shipping, Field::discount, Field::points_paid,
                                Field::channel, Field::store}),
          {Field::line, Field::sku, Field::category, Field::brand, Field::quantity, Field::price}),
      with_lines(type(Type::refund, {Field::order_id, Field::refund_id, Field::currency,
                                     Field::amount, Field::reason}),
                 {Field::line, Field::sku, Field::quantity, Field::amount}),
      type(Type::cancel, {Field::order_id}),
      type(Type::click, touch),
      type(Type::view, touch),
      type(Type::review,
           {Field::sku, Field::review_id, Field::rating, Field::text, Field::language}),
      type(Type::login, {Field::channel}),
      type(Type::redemption, {Field::redemption_id, Field::points, Field::reward, Field::phase}),
      type(Type::adjustment, {Field::points, Field::actor, Field::reason}),
      type(Type::enrol, profile),
      type(Type::profile, profile),
      other(Type::consent),
      other(Type::merge),
      other(Type::erase),
      other(Type::item)};
  Result<Mapping> mapping = compile(spec);
  check(mapping.has_value(), "the default mapping compiles");
  return std::move(*mapping);
}

}  // namespace fealty::codec
