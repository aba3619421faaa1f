#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fealty/event/event.hpp"

/// The program's earning rules made ready for the hot path: every number an integer over one common
/// denominator per event type, so that S = sum w_i f_i(x_i) is exact until it is rounded once.
namespace fealty::program {

__extension__ using Int128 = __int128;

/// Bounds that keep every sum inside 128 bits: a rule's value over all x, the common denominator, a
/// level multiplier's parts.
inline constexpr Int128 rule_value_max = Int128{1'000'000'000'000'000} * 1'000'000'000'000;
inline constexpr std::int64_t denominator_max = 1'000'000'000'000;
inline constexpr std::int64_t multiplier_part_max = 1'000'000;
/// The largest |x| that a rule reads, in the field's smallest unit.
inline constexpr std::int64_t rule_x_max = 1'000'000'000'000'000;
/// The most points that one event may give, and the largest balance.
inline constexpr std::int64_t event_points_max = 1'000'000'000'000'000;
inline constexpr std::int64_t balance_max = 1'000'000'000'000'000'000;

/// weight * f, as value(x) = (a + b y) / denominator on the segment that x lies in, where y = x, or
/// floor(x * step_num / step_den) for steps; then not past `cap`. x in the field's smallest unit
/// (minor units, milliseconds, 1).
struct CompiledRule {
  struct Segment {
    std::int64_t x_from = 0;  // ascending; the first one also holds below it
    Int128 a = 0, b = 0;
  };
  std::uint8_t index = 0;  // in Program::rules
  bool per_line = false;
  bool multiplied = true;        // by the level's multiplier
  bool has_line_filter = false;  // any condition on category, brand or sku
  bool stepped = false;
  std::int64_t step_num = 1, step_den = 1;
  bool capped = false, cap_is_least = false;  // cap_is_least: negative weight
  Int128 cap = 0;
  std::vector<Segment> segments;
  std::string factor;  // "1.25" where the rule is just a factor of x, else empty
};

/// All rules of one event type.
struct CompiledRules {
  std::int64_t denominator = 1;
  std::vector<CompiledRule> rules;
};

struct Compiled {
  std::array<CompiledRules, event::type_count> by_type;
  std::size_t rule_count = 0;  // of the program that this was made from
};

struct Program;

/// What is wrong with one rule's numbers.
struct RuleFault {
  std::size_t rule = 0;
  std::string problem;
};
/// Fills program.compiled from its rules, or says which rules cannot be computed exactly.
std::vector<RuleFault> compile(Program& program);

}  // namespace fealty::program
