#pragma once

#include "posting.hpp"

/// The member's level as events and time move it, with its notices.
namespace fealty::program {

/// Settles the level up to change.today: announces what fell due.
void settle_level(Change& change);
/// Moves the qualifying metric by what the event of day `from` changes in what day `of` earned, and
/// announces what becomes of the level by it.
void qualify(Change& change, Day of, Day from, std::int64_t amount);
/// The level that an event of change.time earns with, before anything is changed.
std::uint8_t earning_level(const Change& change);

}  // namespace fealty::program
