#include <optional>

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/program/program.hpp"
#include "rules.hpp"

namespace fealty::program {
namespace {

Int128 gcd(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}

/// A fraction in lowest terms that remembers an overflow.
struct Exact {
  Int128 num = 0, den = 1;
  bool ok = true;

  Exact() = default;
  Exact(Int128 n, Int128 d) : num{n}, den{d} { reduce(); }
  explicit Exact(Rational r) : Exact{r.num, r.den} {}
  void reduce() {
    if (den < 0) {
      num = -num;
      den = -den;
    }
    const Int128 divisor = gcd(num, den);
    if (divisor > 1) {
      num /= divisor;
      den /= divisor;
    }
  }
};

Exact times(const Exact& a, const Exact& b) {
  const Int128 left = gcd(a.num, b.den);
  const Int128 right = gcd(b.num, a.den);
  Exact out;
  out.ok = a.ok && b.ok;
  if (left == 0 || right == 0) return out;  // a or b is 0
  out.ok &= !__builtin_mul_overflow(a.num / left, b.num / right, &out.num);
  out.ok &= !__builtin_mul_overflow(a.den / right, b.den / left, &out.den);
  return out.ok ? out : Exact{};
}

Exact minus(const Exact& a, const Exact& b) {
  Int128 left = 0;
  Int128 right = 0;
  Exact out;
  bool ok = a.ok && b.ok;
  ok &= !__builtin_mul_overflow(a.num, b.den, &left);
  ok &= !__builtin_mul_overflow(b.num, a.den, &right);
  ok &= !__builtin_sub_overflow(left, right, &out.num);
  ok &= !__builtin_mul_overflow(a.den, b.den, &out.den);
  if (!ok) {
    out = Exact{};
    out.ok = false;
    return out;
  }
  out.reduce();
  return out;
}

/// A rule in fractions, before the common denominator is known. x in the field's smallest unit.
struct Draft {
  struct Piece {
    std::int64_t x_from;
    Exact a, b;
  };
  std::vector<Piece> pieces;
  std::optional<Exact> cap;
  bool fits = true;

  void add(std::int64_t x_from, const Exact& a, const Exact& b) {
    fits = fits && a.ok && b.ok;
    pieces.push_back({x_from, a, b});
  }
};

/// The segments of a piecewise rule: flat, one line between each two knots, flat.
void draft_knots(Draft& draft, const Function& f, const Exact& weight, std::int64_t unit) {
  const Exact flat{};
  draft.add(INT64_MIN, times(weight, Exact{f.knots.front().y}), flat);
  for (std::size_t i = 0; i < f.knots.size(); ++i) {
    const Function::Knot& knot = f.knots[i];
    const Int128 from = -floor_div(-Int128{knot.x.num} * unit, knot.x.den);  // ceil
    const Exact y{knot.y};
    if (i + 1 == f.knots.size()) {
      draft.add(static_cast<std::int64_t>(from), times(weight, y), flat);
      return;
    }
    const Function::Knot& next = f.knots[i + 1];
    const Exact run = minus(Exact{next.x}, Exact{knot.x});
    const Exact slope = times(minus(Exact{next.y}, y), Exact{run.den, run.num});
    const Exact a = minus(y, times(slope, Exact{knot.x}));
    draft.add(static_cast<std::int64_t>(from), times(weight, a),
              times(weight, times(slope, Exact{1, unit})));
  }
}

Draft draft_of(const Rule& rule, std::int64_t unit) {
  const Exact weight{rule.weight};
  const Exact alpha = times(weight, Exact{rule.f.alpha});
  const Exact beta = times(weight, Exact{rule.f.beta});
  const Exact per_unit{1, unit};
  Draft draft;
  switch (rule.f.shape) {
    case Shape::constant:
      draft.add(INT64_MIN, alpha, {});
      break;
    case Shape::linear:
      draft.add(INT64_MIN, alpha, times(beta, per_unit));
      break;
    case Shape::step:
      draft.add(INT64_MIN, {}, beta);
      break;
    case Shape::piecewise:
      draft_knots(draft, rule.f, weight, unit);
      break;
    case Shape::capped:
      draft.add(INT64_MIN, alpha, times(beta, per_unit));
      draft.cap = times(weight, Exact{rule.f.max});
      draft.fits = draft.fits && draft.cap->ok;
      break;
  }
  return draft;
}

/// Takes `den` into the common denominator; false where that gets too large.
bool join_denominator(std::int64_t& common, Int128 den) {
  const Int128 joined = common / gcd(common, den) * den;
  if (den > denominator_max || joined > denominator_max) return false;
  common = static_cast<std::int64_t>(joined);
  return true;
}

bool scale_to(Int128& out, const Exact& value, std::int64_t denominator) {
  check(denominator % value.den == 0, "the common denominator holds every part");
  return !__builtin_mul_overflow(value.num, denominator / value.den, &out);
}

/// |a| + |b| y_max stays within the bound.
bool bounded(const CompiledRule::Segment& segment, Int128 y_max) {
  const Int128 a = segment.a < 0 ? -segment.a : segment.a;
  const Int128 b = segment.b < 0 ? -segment.b : segment.b;
  Int128 top = 0;
  return !__builtin_mul_overflow(b, y_max, &top) && !__builtin_add_overflow(top, a, &top) &&
         top <= rule_value_max;
}

/// The draft over the common denominator; false where a number gets too large.
bool finish(CompiledRule& out, const Draft& draft, std::int64_t denominator) {
  Int128 y_max = rule_x_max;
  if (out.stepped) y_max = Int128{rule_x_max} * out.step_num / out.step_den + 1;
  for (const Draft::Piece& piece : draft.pieces) {
    CompiledRule::Segment segment{piece.x_from, 0, 0};
    if (!scale_to(segment.a, piece.a, denominator) || !scale_to(segment.b, piece.b, denominator) ||
        !bounded(segment, y_max)) {
      return false;
    }
    out.segments.push_back(segment);
  }
  if (draft.cap) {
    out.capped = true;
    if (!scale_to(out.cap, *draft.cap, denominator)) return false;
    if (out.cap > rule_value_max || out.cap < -rule_value_max) return false;
  }
  return true;
}

CompiledRule outline(const Rule& rule, std::size_t index, std::int64_t unit) {
  CompiledRule out;
  out.index = static_cast<std::uint8_t>(index);
  out.per_line = is_line_field(rule.field);
  out.multiplied = rule.level_multiplier;
  out.has_line_filter = has_line_conditions(rule.filter);
  out.cap_is_least = rule.weight.num < 0;
  if (rule.f.shape == Shape::step) {
    // floor(x / unit / every) = floor(x * den / (unit * num))
    const Exact every{Int128{rule.f.every.den}, Int128{unit} * rule.f.every.num};
    out.stepped = true;
    out.step_num = static_cast<std::int64_t>(every.num);
    out.step_den = static_cast<std::int64_t>(every.den);
  }
  if (rule.f.shape == Shape::linear && rule.f.alpha.num == 0) {
    const Exact factor = times(Exact{rule.weight}, Exact{rule.f.beta});
    append_exact(out.factor, factor.num, factor.den);
  }
  return out;
}

}  // namespace

std::vector<RuleFault> compile(Program& program) {
  std::vector<RuleFault> faults;
  std::vector<Draft> drafts;
  Compiled compiled;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    if (rule.f.shape == Shape::step && rule.f.every.num <= 0) {
      faults.push_back({i, "division by zero: 'every' must be positive"});
    }
    if (rule.f.shape == Shape::piecewise && rule.f.knots.empty()) {
      faults.push_back({i, "piecewise needs knots"});
    }
  }
  if (program.rules.size() > 64) faults.push_back({64, "more than 64 rules"});
  if (!faults.empty()) return faults;

  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    Draft draft = draft_of(rule, smallest_units(rule.field, program.currency));
    auto& common = compiled.by_type[static_cast<std::size_t>(rule.on)].denominator;
    bool joined = draft.fits;
    for (const Draft::Piece& piece : draft.pieces) {
      joined =
          joined && join_denominator(common, piece.a.den) && join_denominator(common, piece.b.den);
    }
    if (draft.cap) joined = joined && join_denominator(common, draft.cap->den);
    if (!joined) {
      faults.push_back(
          {i, "the fractions of this event type have no common denominator up to 10^12"});
    }
    drafts.push_back(std::move(draft));
  }
  if (!faults.empty()) return faults;

  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    CompiledRules& rules = compiled.by_type[static_cast<std::size_t>(rule.on)];
    CompiledRule out = outline(rule, i, smallest_units(rule.field, program.currency));
    if (!finish(out, drafts[i], rules.denominator)) {
      faults.push_back({i, "the coefficients could overflow"});
    }
    rules.rules.push_back(std::move(out));
  }
  compiled.rule_count = program.rules.size();
  if (faults.empty()) program.compiled = std::move(compiled);
  return faults;
}

}  // namespace fealty::program
