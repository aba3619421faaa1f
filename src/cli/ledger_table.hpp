#pragma once

#include <string>

#include "fealty/member/history.hpp"

namespace fealty::cli {

/// A member's ledger for a person, a line or two an entry, on stdout.
void print_ledger_head();
void print_entry(const member::LedgerEntry& entry);
/// An entry as codec::encode_entry() writes it; what is not one, as it is.
void print_entry(const std::string& json);

}  // namespace fealty::cli
