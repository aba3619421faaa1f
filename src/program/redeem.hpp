#pragma once

#include <cstdint>
#include <optional>

#include "fealty/program/apply.hpp"
#include "posting.hpp"

/// Spending points and correcting the balance by hand.
namespace fealty::program {

/// Whether the redemption needs its reservation's row.
bool needs_reservation(const member::Record& record, const event::Redemption& redemption);
/// Why the record refuses the redemption; verdict applied where it does not. `held`: the points of
/// its open reservation; nullopt where there is none.
Outcome refuse_redemption(const member::Record& record, const event::Redemption& redemption,
                          std::optional<std::int64_t> held);
/// Precondition: it is not refused.
void redeem(Change& change, const event::Redemption& redemption, std::optional<std::int64_t> held);

Outcome refuse_adjustment(const member::Record& record, const event::Adjustment& adjustment);
void adjust(Change& change, const event::Adjustment& adjustment);

}  // namespace fealty::program
