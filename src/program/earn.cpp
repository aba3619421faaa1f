#include "earn.hpp"

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "rules.hpp"

namespace fealty::program {
namespace {

/// The two halves of S: what the level's multiplier applies to, and the rest.
struct Sums {
  Int128 multiplied = 0, plain = 0;
};

void add(const CompiledRule& rule, std::int64_t x, Sums& sums, Earned& earned) {
  const Int128 value = value_at(rule, x);
  if (value == 0) return;
  (rule.multiplied ? sums.multiplied : sums.plain) += value;
  const std::uint64_t bit = std::uint64_t{1} << rule.index;
  Tally& tally = earned.tally[rule.index];
  if ((earned.gave & bit) == 0) tally = {0, 0};
  earned.gave |= bit;
  tally.value += value;
  tally.x += x;
}

Int128 rounded_sum(const Sums& sums, Rational multiplier, std::int64_t denominator,
                   RoundingMode mode) {
  if (sums.multiplied == 0 && sums.plain == 0) return 0;
  return rounded(sums.multiplied * multiplier.num + sums.plain * multiplier.den,
                 Int128{denominator} * multiplier.den, mode);
}

void settle(Earned& earned, Int128 points) {
  earned.out_of_range = points > event_points_max;
  earned.points = points <= 0 || earned.out_of_range ? 0 : static_cast<std::int64_t>(points);
}

std::int64_t order_x(Field field, const member::OrderGrant& order, std::int64_t revenue_minor) {
  switch (field) {
    case Field::one:
      return 1;
    case Field::total:
      return order.total_minor;
    case Field::subtotal:
      return order.subtotal_minor;
    case Field::tax:
      return order.tax_minor;
    case Field::shipping:
      return order.shipping_minor;
    case Field::discount:
      return order.discount_minor;
    case Field::revenue:
      return revenue_minor;
    case Field::points_paid:
      return order.points_paid;
    default:
      check(false, "not a field of the order");
      return 0;
  }
}

bool has_field(Field field, const event::Purchase& purchase) {
  switch (field) {
    case Field::subtotal:
      return purchase.subtotal_minor.has_value();
    case Field::tax:
      return purchase.tax_minor.has_value();
    case Field::shipping:
      return purchase.shipping_minor.has_value();
    case Field::discount:
      return purchase.discount_minor.has_value();
    case Field::points_paid:
      return purchase.points_paid.has_value();
    default:
      return true;
  }
}

Item item_of(const event::Line& line) { return {line.sku, line.category, line.brand}; }

/// Whether an order-level rule applies to the purchase.
bool order_matches(const Rule& rule, const CompiledRule& compiled,
                   const event::Purchase& purchase) {
  if (!has_field(rule.field, purchase)) return false;
  if (!channel_passes(rule.filter, purchase.channel)) return false;
  if (!compiled.has_line_filter) return true;
  for (const event::Line& line : purchase.lines) {
    if (item_passes(rule.filter, item_of(line))) return true;
  }
  return false;
}

/// What a rule reads of an event that is no order; nullopt where the rule does not apply.
std::optional<std::int64_t> event_x(const Rule& rule, bool has_item_filter,
                                    const event::Event& event) {
  const auto passes = [&](const Item& item) {
    return !has_item_filter || item_passes(rule.filter, item);
  };
  if (const auto* touch = std::get_if<event::Touch>(&event.data)) {
    if (!channel_passes(rule.filter, touch->channel)) return std::nullopt;
    if (!passes({touch->sku, touch->category, touch->brand})) return std::nullopt;
    if (rule.field == Field::dwell_s) return touch->dwell_ms;
    return 1;
  }
  if (const auto* review = std::get_if<event::Review>(&event.data)) {
    if (!passes({review->sku, {}, {}})) return std::nullopt;
    if (rule.field == Field::rating) return review->rating;
    if (rule.field == Field::text_length) return code_points(review->text);
    return 1;
  }
  if (const auto* login = std::get_if<event::Login>(&event.data)) {
    if (!channel_passes(rule.filter, login->channel)) return std::nullopt;
    return 1;
  }
  return 1;
}

}  // namespace

const CompiledRules& rules_for(const Program& program, event::Type type) {
  check(program.compiled.rule_count == program.rules.size(), "a program is compiled before use");
  return program.compiled.by_type[static_cast<std::size_t>(type)];
}

Rational multiplier_of(const Program& program, std::uint8_t level) {
  return level < program.levels.size() ? program.levels[level].multiplier : Rational{1, 1};
}

bool amounts_fit(const event::Purchase& purchase) {
  const auto fits = [](std::int64_t amount) { return amount >= 0 && amount <= amount_minor_max; };
  const bool fields =
      fits(purchase.total_minor) && fits(purchase.subtotal_minor.value_or(0)) &&
      fits(purchase.tax_minor.value_or(0)) && fits(purchase.shipping_minor.value_or(0)) &&
      fits(purchase.discount_minor.value_or(0)) && fits(purchase.points_paid.value_or(0));
  Int128 sum = 0;
  for (const event::Line& line : purchase.lines) {
    if (line.quantity < 1 || line.quantity > quantity_max || line.price_minor < 0) return false;
    sum += Int128{line.quantity} * line.price_minor;
  }
  return fields && sum <= amount_minor_max;
}

std::int64_t revenue_of(const member::OrderGrant& grant) {
  const std::int64_t revenue = grant.total_minor - grant.tax_minor - grant.shipping_minor;
  return revenue < 0 ? 0 : revenue;
}

void open_grant(const event::Purchase& purchase, const Program& program,
                member::OrderGrant& grant) {
  grant.order_id = purchase.order_id;
  grant.currency = purchase.currency;
  grant.total_minor = purchase.total_minor;
  grant.subtotal_minor = purchase.subtotal_minor.value_or(0);
  grant.tax_minor = purchase.tax_minor.value_or(0);
  grant.shipping_minor = purchase.shipping_minor.value_or(0);
  grant.discount_minor = purchase.discount_minor.value_or(0);
  grant.points_paid = purchase.points_paid.value_or(0);
  grant.refunded_minor = 0;
  grant.rules = 0;
  grant.program_version = program.version;
  grant.granted = grant.reversed = grant.qualifying = 0;
  grant.lines.resize(purchase.lines.size());
  for (std::size_t i = 0; i < purchase.lines.size(); ++i) {
    const event::Line& line = purchase.lines[i];
    member::OrderLine& out = grant.lines[i];
    out.line = line.line;
    out.sku = line.sku;
    out.quantity = line.quantity;
    out.amount_minor = line.quantity * line.price_minor;
    out.refunded_minor = out.refunded_quantity = 0;
    out.rules = 0;
  }
  for (const CompiledRule& compiled : rules_for(program, event::Type::purchase).rules) {
    const Rule& rule = program.rules[compiled.index];
    const std::uint64_t bit = std::uint64_t{1} << compiled.index;
    if (!compiled.per_line) {
      if (order_matches(rule, compiled, purchase)) grant.rules |= bit;
      continue;
    }
    if (!channel_passes(rule.filter, purchase.channel)) continue;
    for (std::size_t i = 0; i < purchase.lines.size(); ++i) {
      if (!compiled.has_line_filter || item_passes(rule.filter, item_of(purchase.lines[i]))) {
        grant.lines[i].rules |= bit;
      }
    }
  }
}

void order_points(const member::OrderGrant& amounts, std::int64_t revenue_minor,
                  const Program& program, Earned& earned) {
  const CompiledRules& rules = rules_for(program, event::Type::purchase);
  const Rational multiplier = multiplier_of(program, amounts.level);
  const bool by_line = program.rounding_level == RoundingLevel::line;
  earned.gave = 0;
  Sums sums;
  Int128 points = 0;
  for (const member::OrderLine& line : amounts.lines) {
    if (line.rules == 0 || line.quantity == 0) continue;
    for (const CompiledRule& rule : rules.rules) {
      if ((line.rules >> rule.index & 1U) == 0) continue;
      const Field field = program.rules[rule.index].field;
      add(rule, field == Field::line_amount ? line.amount_minor : line.quantity, sums, earned);
    }
    if (by_line) {
      points += rounded_sum(sums, multiplier, rules.denominator, program.rounding_mode);
      sums = {};
    }
  }
  for (const CompiledRule& rule : rules.rules) {
    if ((amounts.rules >> rule.index & 1U) == 0) continue;
    add(rule, order_x(program.rules[rule.index].field, amounts, revenue_minor), sums, earned);
  }
  points += rounded_sum(sums, multiplier, rules.denominator, program.rounding_mode);
  settle(earned, points);
}

void event_points(const event::Event& event, std::uint8_t level, const Program& program,
                  Earned& earned) {
  const CompiledRules& rules = rules_for(program, event.type);
  earned.gave = 0;
  Sums sums;
  for (const CompiledRule& compiled : rules.rules) {
    const auto x = event_x(program.rules[compiled.index], compiled.has_line_filter, event);
    if (x) add(compiled, *x, sums, earned);
  }
  settle(earned, rounded_sum(sums, multiplier_of(program, level), rules.denominator,
                             program.rounding_mode));
}

}  // namespace fealty::program
