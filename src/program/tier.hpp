#pragma once

#include "posting.hpp"

/// The member's level as events and time move it, with its notices.
namespace fealty::program {

/// Settles the level up to change.today: announces what fell due, corrects what a late event shows
/// to be wrong.
void settle_level(Change& change);
/// Moves the qualifying metric of `day`'s bucket by `amount` and re-evaluates the level.
void qualify(Change& change, Day day, std::int64_t amount, bool by_refund);
/// The level that earning uses on change.today, before anything is changed.
std::uint8_t earning_level(const Change& change);

}  // namespace fealty::program
