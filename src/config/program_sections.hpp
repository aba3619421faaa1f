#pragma once

#include <string>

#include "fealty/config/yaml.hpp"
#include "fealty/program/program.hpp"

/// The sections of a program file; each reads its own and adds its faults.
namespace fealty::config {

void read_earn(Map& root, program::Program& program);
void read_levels(Map& root, program::Program& program);
/// redemption, churn, notices, clock.
void read_policies(Map& root, program::Program& program);

/// A name that may appear in ledgers and topics: letters, digits, '_', '-', '.', at most 64.
std::optional<std::string> identifier(const Value& value);

/// Everything that decides outcomes, one "key = value" a line, defaults written out.
std::string canonical(const program::Program& program);

}  // namespace fealty::config
