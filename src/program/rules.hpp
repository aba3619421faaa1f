#pragma once

#include <string_view>

#include "fealty/event/event.hpp"
#include "fealty/program/program.hpp"

/// What a rule reads and when it applies: pure leaves.
namespace fealty::program {

constexpr bool is_line_field(Field field) {
  return field == Field::line_amount || field == Field::line_quantity;
}

/// Smallest units in one unit of the field: 100 for US dollars, 1000 for seconds, 1 for counts.
std::int64_t smallest_units(Field field, Currency currency);

bool has_line_conditions(const Filter& filter);
/// What an event says about one item; absent = empty.
struct Item {
  std::string_view sku, category, brand;
};
/// Conditions on category, brand and sku.
bool item_passes(const Filter& filter, const Item& item);
bool channel_passes(const Filter& filter, std::string_view channel);

/// The rule's value at x, over the denominator of its event type.
Int128 value_at(const CompiledRule& rule, std::int64_t x);

/// Number of Unicode code points of valid UTF-8.
std::int64_t code_points(std::string_view text);

}  // namespace fealty::program
