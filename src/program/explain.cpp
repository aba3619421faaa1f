#include "earn.hpp"
#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "rules.hpp"

namespace fealty::program {
namespace {

constexpr std::array<std::string_view, 4> mode_names{"floor", "ceil", "half up", "half even"};

void append_x(std::string& out, Int128 x, Field field, Currency currency) {
  switch (field) {
    case Field::total:
    case Field::subtotal:
    case Field::tax:
    case Field::shipping:
    case Field::discount:
    case Field::revenue:
    case Field::line_amount:
      append_money(out, static_cast<std::int64_t>(x), currency);
      return;
    case Field::dwell_s:
      append_exact(out, x, 1000);
      out += " s";
      return;
    default:
      append_exact(out, x, 1);
      return;
  }
}

void append_rule(std::string& out, const CompiledRule& compiled, const Tally& tally,
                 std::int64_t denominator, const Program& program) {
  const Rule& rule = program.rules[compiled.index];
  out += rule.name;
  out += ": ";
  if (rule.f.shape != Shape::constant && rule.field != Field::one) {
    append_x(out, tally.x, rule.field, program.currency);
    if (compiled.factor.empty()) {
      out += " gives ";
    } else {
      out += " x ";
      out += compiled.factor;
      out += " = ";
    }
  }
  append_exact(out, tally.value, denominator);
}

}  // namespace

void append_rule_names(std::uint64_t gave, const Program& program, std::string& out) {
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    if ((gave >> i & 1U) == 0) continue;
    if (!out.empty()) out += '+';
    out += program.rules[i].name;
  }
}

void explain(const Earned& earned, event::Type type, std::uint8_t level, const Program& program,
             std::string& out) {
  const CompiledRules& rules = rules_for(program, type);
  Int128 multiplied = 0;
  Int128 plain = 0;
  for (const CompiledRule& rule : rules.rules) {
    if ((earned.gave >> rule.index & 1U) == 0) continue;
    if (!out.empty()) out += "; ";
    const Tally& tally = earned.tally[rule.index];
    append_rule(out, rule, tally, rules.denominator, program);
    (rule.multiplied ? multiplied : plain) += tally.value;
  }
  const Rational multiplier = multiplier_of(program, level);
  Int128 num = multiplied + plain;
  Int128 den = rules.denominator;
  if (multiplier != Rational{1, 1} && multiplied != 0) {
    num = multiplied * multiplier.num + plain * multiplier.den;
    den *= multiplier.den;
    out.append("; ").append(program.levels[level].name).append(" x ");
    append_exact(out, multiplier.num, multiplier.den);
    out += " = ";
    append_exact(out, num, den);
  }
  const bool by_line =
      type == event::Type::purchase && program.rounding_level == RoundingLevel::line;
  if (floor_div(num, den) * den == num && !by_line) {
    out += "; ";
  } else {
    out.append("; ").append(mode_names[static_cast<std::size_t>(program.rounding_mode)]);
    out += by_line ? " by line to " : " to ";
  }
  append(out, earned.points);
  out += earned.points == 1 ? " point" : " points";
}

}  // namespace fealty::program
