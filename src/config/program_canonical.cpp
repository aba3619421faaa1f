#include <fmt/format.h>

#include <iterator>

#include "program_sections.hpp"

namespace fealty::config {
namespace {

template <class Enum>
int number(Enum value) {
  return static_cast<int>(value);
}

std::string fraction(program::Rational value) { return fmt::format("{}/{}", value.num, value.den); }

/// Length first, so that no two lists read alike.
std::string list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += fmt::format("{}:{} ", item.size(), item);
  return out;
}

void write_rule(std::string& out, const program::Rule& rule) {
  auto to = std::back_inserter(out);
  const program::Function& f = rule.f;
  fmt::format_to(to, "rule = {} {} {} {}\n", rule.name, event::name(rule.on), number(rule.field),
                 rule.level_multiplier);
  fmt::format_to(to, " f = {} {} {} {} {}\n", number(f.shape), fraction(f.alpha), fraction(f.beta),
                 fraction(f.every), fraction(f.max));
  for (const auto& knot : f.knots) {
    fmt::format_to(to, " knot = {} {}\n", fraction(knot.x), fraction(knot.y));
  }
  fmt::format_to(to, " weight = {}\n", fraction(rule.weight));
  const program::Filter& filter = rule.filter;
  fmt::format_to(to, " filter = [{}] [{}] [{}] [{}] [{}] [{}] [{}]\n", list(filter.categories),
                 list(filter.brands), list(filter.skus), list(filter.channels),
                 list(filter.not_categories), list(filter.not_brands), list(filter.not_skus));
}

}  // namespace

std::string canonical(const program::Program& program) {
  std::string out;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "fealty program 2\nid = {}\nversion = {}\ncurrency = {}\nutc_offset_s = {}\n",
                 program.id, program.version, program.currency.packed(), program.utc_offset_s);
  if (program.valid_from != program::always) {
    fmt::format_to(to, "valid_from = {}\n", program.valid_from);
  }
  fmt::format_to(to, "rounding = {} {}\n", number(program.rounding_level),
                 number(program.rounding_mode));
  for (const program::Rule& rule : program.rules) write_rule(out, rule);
  fmt::format_to(to, "levels = {} {} {} {} {} {}\n", number(program.metric), number(program.period),
                 program.period == program::Period::rolling_days ? program.rolling_days : 0,
                 program.grace_days, number(program.downgrade), number(program.refund_levels));
  for (const program::Level& level : program.levels) {
    fmt::format_to(to, "level = {} {} {}\n", level.name, level.from, fraction(level.multiplier));
  }
  const ChurnParameters& churn = program.churn;
  fmt::format_to(to, "negative_balance = {}\nchurn = {} {} {} {} {} {} {} {} {}\n",
                 number(program.negative_balance), churn.enabled, churn.r, churn.alpha, churn.a,
                 churn.b, churn.horizon_days, churn.raise_bp, churn.clear_bp, churn.dwell_days);
  // Not what is muted: that changes what is sent, never what comes about.
  fmt::format_to(to, "clock = {} {}\n", program.clock_jump_days_max, program.future_s_max);
  return out;
}

}  // namespace fealty::config
