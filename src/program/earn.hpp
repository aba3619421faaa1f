#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "fealty/event/event.hpp"
#include "fealty/member/history.hpp"
#include "fealty/program/program.hpp"

/// Points for what a member did: S = sum of w_i f_i(x_i), exact, then rounded. Pure leaves.
namespace fealty::program {

/// What one rule gave, over the event type's denominator, before the level's multiplier.
/// Without initialisers: 64 of them are set up for every event, few are used.
struct Tally {
  Int128 value;
  Int128 x;  // sum over the lines for a line rule
};
/// A sum of rules and what it rounds to. `points` is never negative; out_of_range when it would
/// pass event_points_max.
struct Earned {
  std::int64_t points = 0;
  bool out_of_range = false;
  std::uint64_t gave = 0;       // bit i: rule i contributed something other than 0
  std::array<Tally, 64> tally;  // set for the rules in `gave`
};

const CompiledRules& rules_for(const Program& program, event::Type type);
/// The multiplier of a level; 1 in a program without levels.
Rational multiplier_of(const Program& program, std::uint8_t level);

/// Makes `grant`, whatever it held, the one that a purchase opens: its amounts and which rules
/// match what; no points yet, level, cause, digest and time left to the caller. Precondition:
/// amounts_fit(purchase).
void open_grant(const event::Purchase& purchase, const Program& program, member::OrderGrant& grant);
/// Every amount and line amount lies within 0..amount_minor_max.
bool amounts_fit(const event::Purchase& purchase);
/// total - tax - shipping, at least 0.
std::int64_t revenue_of(const member::OrderGrant& grant);

/// Points for an order's amounts by the rules that matched it. Lines of quantity 0 take no part.
void order_points(const member::OrderGrant& amounts, std::int64_t revenue_minor,
                  const Program& program, Earned& earned);
/// Points for an event that is no order.
void event_points(const event::Event& event, std::uint8_t level, const Program& program,
                  Earned& earned);

/// "base+bonus": the names of the rules that gave points.
void append_rule_names(std::uint64_t gave, const Program& program, std::string& out);
/// "base: 77.50 USD x 1 = 77.5; gold x 1.25 = 96.875; floor to 96".
void explain(const Earned& earned, event::Type type, std::uint8_t level, const Program& program,
             std::string& out);

}  // namespace fealty::program
