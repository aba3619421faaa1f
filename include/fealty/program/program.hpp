#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/base/units.hpp"
#include "fealty/event/event.hpp"
#include "fealty/member/churn_parameters.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/program/compiled.hpp"

namespace fealty::program {

/// An exact fraction; den > 0, lowest terms.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;
  friend bool operator==(const Rational&, const Rational&) = default;
};

/// What a rule reads. Money is in major units of the program's currency for the rule's numbers.
enum class Field : std::uint8_t {
  one,  // the constant 1
  total,
  subtotal,
  tax,
  shipping,
  discount,
  revenue,  // of the order; revenue = total - tax - shipping
  points_paid,
  line_amount,
  line_quantity,  // per order line
  rating,
  text_length,
  dwell_s,
};

enum class Shape : std::uint8_t { constant, linear, step, piecewise, capped };

/// f(x). Numbers are exact fractions in the field's unit (money: major units).
///   constant:  c
///   linear:    alpha + beta x
///   step:      beta * floor(x / every)                     ("10 points per full 5 EUR")
///   piecewise: linear interpolation over knots (x ascending), flat outside them
///   capped:    min(max, alpha + beta x)
/// A rule reads nothing, and gives nothing, where its field is absent from the event.
struct Function {
  Shape shape = Shape::constant;  // constant: alpha
  Rational alpha{}, beta{}, every{1, 1}, max{};
  struct Knot {
    Rational x, y;
    friend bool operator==(const Knot&, const Knot&) = default;
  };
  std::vector<Knot> knots{};
  friend bool operator==(const Function&, const Function&) = default;
};

/// Empty list = no condition. On a rule that reads the whole order, the conditions on category,
/// brand and sku hold where at least one line passes all of them. A category matches itself and
/// what lies below it ("shoes" matches "shoes/running").
struct Filter {
  std::vector<std::string> categories, brands, skus, channels;
  std::vector<std::string> not_categories, not_brands, not_skus;
  friend bool operator==(const Filter&, const Filter&) = default;
};

/// One earning rule: weight * f(field), for events of type `on` (or lines of a purchase) that pass
/// the filter.
struct Rule {
  std::string name;
  event::Type on = event::Type::purchase;
  Field field = Field::total;
  Function f;
  Rational weight{1, 1};
  Filter filter;
  bool level_multiplier = true;  // whether the level's multiplier applies
  friend bool operator==(const Rule&, const Rule&) = default;
};

enum class RoundingLevel : std::uint8_t { line, order, event };
enum class RoundingMode : std::uint8_t { floor, ceil, half_up, half_even };

struct Level {
  std::string name;
  std::int64_t from = 0;      // threshold on the metric: points, orders, or minor units of money
  Rational multiplier{1, 1};  // on earning
  friend bool operator==(const Level&, const Level&) = default;
};
enum class Metric : std::uint8_t { points, money, orders };
enum class Period : std::uint8_t { lifetime, calendar_year, rolling_days };
enum class Downgrade : std::uint8_t { to_qualified, one_step, none };
enum class RefundLevels : std::uint8_t { recheck, hold_to_period_end };
enum class NegativeBalance : std::uint8_t { debt, clamp };

/// As valid_from: in force from the beginning.
inline constexpr Day always = -no_day;

/// A loyalty program, or one generation of it: everything that decides outcomes. Versioned; pinned
/// by replay and by state. Made by config::load_program, which validates; immutable afterwards,
/// shared by reference. One made by hand needs compile() if it has rules.
struct Program {
  std::string id;
  std::uint32_t version = 0;
  std::uint64_t fingerprint = 0;  // of the canonical content; same fingerprint, same outcomes
  Currency currency;
  std::int32_t utc_offset_s = 0;  // the program's days
  Day valid_from = always;        // the first day on which this generation is in force

  std::vector<Rule> rules;  // at most 64
  RoundingLevel rounding_level = RoundingLevel::order;
  RoundingMode rounding_mode = RoundingMode::floor;

  std::vector<Level> levels;  // at least one; levels[0].from == 0; ascending
  Metric metric = Metric::points;
  Period period = Period::lifetime;
  std::int32_t rolling_days = 365;
  std::int32_t grace_days = 0;
  Downgrade downgrade = Downgrade::to_qualified;
  RefundLevels refund_levels = RefundLevels::recheck;
  NegativeBalance negative_balance = NegativeBalance::debt;

  ChurnParameters churn;

  std::int32_t clock_jump_days_max = 400;        // see runtime::Clock
  std::int64_t future_s_max = 300;               // live: event time ahead of the broker's timestamp
  std::bitset<member::notice_type_count> muted;  // notices not to be sent
  EventTime mute_before{};  // of what happened before: history that is put in. Epoch = of nothing

  Compiled compiled;  // of `rules`, by compile()
};

}  // namespace fealty::program
