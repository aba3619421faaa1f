#pragma once

#include <string_view>

#include "earn.hpp"
#include "fealty/program/apply.hpp"
#include "posting.hpp"

/// What events of all types do alike: being refused, being accepted, earning.
namespace fealty::program {

constexpr Outcome refused(Errc reason, std::string_view field) {
  return {Verdict::refused, reason, field};
}

/// What every accepted event does first: the level is settled up to its day, the event is known.
void begin(Change& change, const event::Event& event);

/// Whether balance and lifetime points have room for `points` earned.
bool has_room(const member::Record& record, std::int64_t points);

/// Books points earned: ledger, balance, notice. `level` is the one whose multiplier was used.
void book(Change& change, const Earned& earned, event::Type type, std::uint8_t level,
          std::string_view order_id);

}  // namespace fealty::program
