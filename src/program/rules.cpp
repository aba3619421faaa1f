#include "rules.hpp"

#include <algorithm>

#include "exact.hpp"
#include "fealty/base/check.hpp"

namespace fealty::program {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// `category` is one of the list's, or lies below one.
bool within(const std::vector<std::string>& list, std::string_view category) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& above) {
    return category.starts_with(above) &&
           (category.size() == above.size() || category[above.size()] == '/');
  });
}

}  // namespace

std::int64_t smallest_units(Field field, Currency currency) {
  switch (field) {
    case Field::total:
    case Field::subtotal:
    case Field::tax:
    case Field::shipping:
    case Field::discount:
    case Field::revenue:
    case Field::line_amount: {
      std::int64_t units = 1;
      for (int i = currency.stated() ? currency.scale() : 0; i > 0; --i) units *= 10;
      return units;
    }
    case Field::dwell_s:
      return 1000;
    case Field::one:
    case Field::points_paid:
    case Field::line_quantity:
    case Field::rating:
    case Field::text_length:
      return 1;
  }
  return 1;
}

bool has_line_conditions(const Filter& filter) {
  return !(filter.categories.empty() && filter.brands.empty() && filter.skus.empty() &&
           filter.not_categories.empty() && filter.not_brands.empty() && filter.not_skus.empty());
}

bool item_passes(const Filter& filter, const Item& item) {
  if (!filter.categories.empty() && !within(filter.categories, item.category)) return false;
  if (!filter.brands.empty() && !contains(filter.brands, item.brand)) return false;
  if (!filter.skus.empty() && !contains(filter.skus, item.sku)) return false;
  return !within(filter.not_categories, item.category) &&
         !contains(filter.not_brands, item.brand) && !contains(filter.not_skus, item.sku);
}

bool channel_passes(const Filter& filter, std::string_view channel) {
  return filter.channels.empty() || contains(filter.channels, channel);
}

Int128 value_at(const CompiledRule& rule, std::int64_t x) {
  check(!rule.segments.empty(), "a compiled rule has a segment");
  check(x >= -rule_x_max && x <= rule_x_max, "decode bounds every amount");
  const CompiledRule::Segment* segment = &rule.segments.front();
  for (const CompiledRule::Segment& next : rule.segments) {
    if (x < next.x_from) break;
    segment = &next;
  }
  const Int128 y = rule.stepped ? floor_div(Int128{x} * rule.step_num, rule.step_den) : Int128{x};
  const Int128 value = segment->a + segment->b * y;
  if (!rule.capped) return value;
  return rule.cap_is_least ? std::max(value, rule.cap) : std::min(value, rule.cap);
}

std::int64_t code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

}  // namespace fealty::program
