#pragma once

#include <string>

#include "fealty/program/program.hpp"

/// A program's parts in words, for a person.
namespace fealty::config::words {

std::string code(Currency currency);                  // "EUR"
std::string offset(std::int32_t seconds);             // "+01:00"
std::string metric(const program::Program& program);  // "points"
std::string period(const program::Program& program);  // "rolling_days 365"
std::string number(program::Rational value);          // "1.25", "1/3"
std::string share(std::int32_t bp);                   // "0.85"
/// A threshold: "500 points", "99.99 USD", "3 orders".
std::string amount(std::int64_t value, const program::Program& program);
/// "1/2 times (3 + 0.5 x), x = line_amount".
std::string gives(const program::Rule& rule, const program::Program& program);
/// "everything", or "category shoes or books, not brand outlet".
std::string filter(const program::Filter& filter);
std::string rounding(const program::Program& program);  // "once an order, down"

}  // namespace fealty::config::words
