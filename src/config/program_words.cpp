#include "program_words.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "fealty/base/decimal.hpp"

namespace fealty::config::words {
namespace {

constexpr std::array<std::string_view, 3> metrics{"points", "money", "orders"};
constexpr std::array<std::string_view, 13> fields{
    "1",           "total",       "subtotal",      "tax",    "shipping",    "discount", "revenue",
    "points_paid", "line_amount", "line_quantity", "rating", "text_length", "dwell_s"};

std::string function(const program::Function& f) {
  switch (f.shape) {
    case program::Shape::constant:
      return number(f.alpha);
    case program::Shape::linear:
      return f.alpha.num == 0 ? number(f.beta) + " x"
                              : fmt::format("{} + {} x", number(f.alpha), number(f.beta));
    case program::Shape::step:
      return fmt::format("{} for each full {} of x", number(f.beta), number(f.every));
    case program::Shape::piecewise: {
      std::string out = "the line through";
      for (const auto& knot : f.knots)
        out += fmt::format(" ({}, {})", number(knot.x), number(knot.y));
      return out;
    }
    case program::Shape::capped:
      return fmt::format("{} + {} x, at most {}", number(f.alpha), number(f.beta), number(f.max));
  }
  return {};
}

void condition(std::string& out, std::string_view what, const std::vector<std::string>& items) {
  if (items.empty()) return;
  if (!out.empty()) out += ", ";
  out += what;
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += fmt::format("{}'{}'", i == 0 ? " " : " or ", items[i]);
  }
}

}  // namespace

std::string code(Currency currency) {
  std::string out(3, ' ');
  currency.write(out.data());
  return out;
}

std::string offset(std::int32_t seconds) {
  const std::int32_t minutes = std::abs(seconds) / 60;
  return fmt::format("{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string metric(const program::Program& program) {
  return std::string{metrics[static_cast<std::size_t>(program.metric)]};
}

std::string period(const program::Program& program) {
  switch (program.period) {
    case program::Period::lifetime:
      return "lifetime";
    case program::Period::calendar_year:
      return "calendar_year";
    case program::Period::rolling_days:
      return fmt::format("rolling_days {}", program.rolling_days);
  }
  return {};
}

std::string number(program::Rational value) {
  std::int64_t scale = 1;
  for (int digits = 0; digits <= 6; ++digits, scale *= 10) {
    if (scale % value.den != 0) continue;
    return decimal_text(value.num * (scale / value.den), digits);
  }
  return fmt::format("{}/{}", value.num, value.den);
}

std::string share(std::int32_t bp) { return decimal_text(bp, 4); }

std::string amount(std::int64_t value, const program::Program& program) {
  if (program.metric != program::Metric::money) return fmt::format("{} {}", value, metric(program));
  return decimal_text(value, program.currency.scale()) + " " + code(program.currency);
}

std::string gives(const program::Rule& rule, const program::Program& program) {
  std::string out = function(rule.f);
  if (rule.weight != program::Rational{1, 1}) {
    out = fmt::format("{} times ({})", number(rule.weight), out);
  }
  if (rule.f.shape == program::Shape::constant) return out + " points";
  const bool money = rule.field >= program::Field::total &&
                     rule.field <= program::Field::line_amount &&
                     rule.field != program::Field::points_paid;
  return fmt::format("{} points, x = {}{}", out, fields[static_cast<std::size_t>(rule.field)],
                     money ? " in " + code(program.currency) : std::string{});
}

std::string filter(const program::Filter& filter) {
  std::string out;
  condition(out, "category", filter.categories);
  condition(out, "brand", filter.brands);
  condition(out, "sku", filter.skus);
  condition(out, "channel", filter.channels);
  condition(out, "not category", filter.not_categories);
  condition(out, "not brand", filter.not_brands);
  condition(out, "not sku", filter.not_skus);
  return out.empty() ? "everything" : out;
}

std::string rounding(const program::Program& program) {
  constexpr std::array<std::string_view, 3> levels{"line by line", "once an order",
                                                   "once an event"};
  constexpr std::array<std::string_view, 4> modes{"down", "up", "halves up", "halves to even"};
  return fmt::format("{}, {}", levels[static_cast<std::size_t>(program.rounding_level)],
                     modes[static_cast<std::size_t>(program.rounding_mode)]);
}

}  // namespace fealty::config::words
