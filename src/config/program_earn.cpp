#include <algorithm>
#include <array>

#include "program_sections.hpp"

namespace fealty::config {
namespace {

using program::Field;
using program::Shape;

constexpr std::array<std::string_view, 13> field_names{
    "one",         "total",       "subtotal",      "tax",    "shipping",    "discount", "revenue",
    "points_paid", "line_amount", "line_quantity", "rating", "text_length", "dwell_s"};
constexpr std::array<std::string_view, 5> shape_names{"constant", "linear", "step", "piecewise",
                                                      "capped"};

/// The event types that can earn.
constexpr std::array<event::Type, 7> earning_types{
    event::Type::purchase, event::Type::click, event::Type::view,   event::Type::review,
    event::Type::login,    event::Type::enrol, event::Type::profile};

bool fits(Field field, event::Type type) {
  if (field == Field::one) return true;
  switch (type) {
    case event::Type::purchase:
      return field <= Field::line_quantity;
    case event::Type::review:
      return field == Field::rating || field == Field::text_length;
    case event::Type::click:
    case event::Type::view:
      return field == Field::dwell_s;
    default:
      return false;
  }
}

void refuse_filter(const Map& filter, std::string_view key, event::Type type) {
  filter.fault("'" + std::string{key} + "' cannot be filtered on " +
               std::string{event::name(type)} + " events");
}

void read_filter(Map& rule, program::Rule& out) {
  auto map = rule.map("filter");
  if (!map) return;
  out.filter.categories = map->texts("category");
  out.filter.brands = map->texts("brand");
  out.filter.skus = map->texts("sku");
  out.filter.channels = map->texts("channel");
  out.filter.not_categories = map->texts("not_category");
  out.filter.not_brands = map->texts("not_brand");
  out.filter.not_skus = map->texts("not_sku");
  map->finish();
  const program::Filter& f = out.filter;
  const bool touch = out.on == event::Type::click || out.on == event::Type::view;
  const bool full = out.on == event::Type::purchase || touch;
  const bool sku = full || out.on == event::Type::review;
  const bool channel = full || out.on == event::Type::login;
  if (!full && !(f.categories.empty() && f.not_categories.empty())) {
    refuse_filter(*map, "category", out.on);
  }
  if (!full && !(f.brands.empty() && f.not_brands.empty())) refuse_filter(*map, "brand", out.on);
  if (!sku && !(f.skus.empty() && f.not_skus.empty())) refuse_filter(*map, "sku", out.on);
  if (!channel && !f.channels.empty()) refuse_filter(*map, "channel", out.on);
}

/// Reads a number that the shape cannot do without.
void require_number(Map& map, std::string_view key, program::Rational& out) {
  const auto value = map.require(key);
  if (const auto number = value ? value->rational() : std::nullopt) out = *number;
}

void read_knots(const Value& value, program::Function& f) {
  for (const Value& item : value.list()) {
    const auto pair = item.list();
    if (pair.size() != 2) {
      item.fault("a knot is [x, y]");
      continue;
    }
    const auto x = pair[0].rational();
    const auto y = pair[1].rational();
    if (!x || !y) continue;
    if (!f.knots.empty()) {
      const program::Rational last = f.knots.back().x;
      if (x->num * last.den <= last.num * x->den) {
        pair[0].fault("knots must ascend in x");
        continue;
      }
    }
    f.knots.push_back({*x, *y});
  }
  if (value.node().kind == Node::Kind::list && value.node().items.size() < 2) {
    value.fault("needs at least two knots");
  }
}

void read_shape(const Value& value, program::Function& f) {
  if (f.shape == Shape::constant) {
    if (const auto number = value.rational()) f.alpha = *number;
    return;
  }
  if (f.shape == Shape::piecewise) return read_knots(value, f);
  auto map = value.map();
  if (!map) return;
  if (f.shape == Shape::step) {
    require_number(*map, "every", f.every);
    require_number(*map, "points", f.beta);
    if (f.every.num == 0) map->get("every")->fault("division by zero");
    if (f.every.num < 0) map->get("every")->fault("must be positive");
    if (f.every.num <= 0) f.every = {1, 1};
  } else {
    f.alpha = map->rational("alpha").value_or(program::Rational{});
    require_number(*map, "beta", f.beta);
    if (f.shape == Shape::capped) require_number(*map, "max", f.max);
  }
  map->finish();
}

void read_function(Map& rule, program::Rule& out) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < shape_names.size(); ++i) {
    const auto value = rule.get(shape_names[i]);
    if (!value) continue;
    if (++found > 1) {
      value->fault("a rule has one function, another is given above");
      continue;
    }
    out.f.shape = static_cast<Shape>(i);
    read_shape(*value, out.f);
  }
  if (found == 0) rule.fault("needs one of constant, linear, step, piecewise, capped");
}

void read_field(Map& rule, program::Rule& out, bool type_known) {
  const auto value = rule.get("field");
  out.field = Field::one;
  if (!value) {
    if (out.f.shape != Shape::constant) rule.fault("missing key 'field'");
    return;
  }
  const auto index = value->choice(field_names);
  if (!index) return;
  out.field = static_cast<Field>(*index);
  if (type_known && !fits(out.field, out.on)) {
    value->fault("'" + std::string{field_names[*index]} + "' is no field of " +
                 std::string{event::name(out.on)} + " events");
  }
}

program::Rule read_rule(const Value& value) {
  program::Rule out;
  auto rule = value.map();
  if (!rule) return out;
  if (const auto name = rule->require("name")) out.name = identifier(*name).value_or("");
  std::vector<std::string_view> names;
  for (const event::Type type : earning_types) names.push_back(event::name(type));
  bool type_known = false;
  if (const auto type = rule->require("event")) {
    if (const auto index = type->choice(names)) {
      out.on = earning_types[*index];
      type_known = true;
    }
  }
  read_function(*rule, out);
  read_field(*rule, out, type_known);
  out.weight = rule->rational("weight").value_or(program::Rational{1, 1});
  out.level_multiplier = rule->boolean("level_multiplier").value_or(true);
  if (type_known) {
    read_filter(*rule, out);
  } else {
    (void)rule->get("filter");  // cannot be judged without the type
  }
  rule->finish();
  return out;
}

}  // namespace

void read_earn(Map& root, program::Program& program) {
  constexpr std::array<std::string_view, 3> levels{"line", "order", "event"};
  constexpr std::array<std::string_view, 4> modes{"floor", "ceil", "half_up", "half_even"};
  auto earn = root.map("earn");
  if (!earn) return;
  if (auto rounding = earn->map("rounding")) {
    program.rounding_level =
        static_cast<program::RoundingLevel>(rounding->choice("level", levels).value_or(1));
    program.rounding_mode =
        static_cast<program::RoundingMode>(rounding->choice("mode", modes).value_or(0));
    rounding->finish();
  }
  const std::vector<Value> rules = earn->list("rules");
  if (rules.size() > 64) earn->get("rules")->fault("at most 64 rules");
  for (const Value& value : rules) {
    program::Rule rule = read_rule(value);
    const bool taken = std::any_of(
        program.rules.begin(), program.rules.end(),
        [&](const program::Rule& other) { return !rule.name.empty() && other.name == rule.name; });
    if (taken) value.fault("two rules named '" + rule.name + "'");
    program.rules.push_back(std::move(rule));
  }
  earn->finish();
  if (rules.size() > 64) return;
  for (const program::RuleFault& fault : program::compile(program)) {
    rules[fault.rule].fault(fault.problem);
  }
}

}  // namespace fealty::config
