#pragma once

#include "fealty/program/apply.hpp"
#include "posting.hpp"

/// Spending points and correcting the balance by hand.
namespace fealty::program {

/// Why the record refuses the redemption; verdict applied where it does not.
Outcome refuse_redemption(const member::Record& record, const event::Redemption& redemption);
void redeem(Change& change, const event::Redemption& redemption);

Outcome refuse_adjustment(const member::Record& record, const event::Adjustment& adjustment);
void adjust(Change& change, const event::Adjustment& adjustment);

}  // namespace fealty::program
