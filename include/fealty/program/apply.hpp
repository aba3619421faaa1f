#pragma once

#include "fealty/base/result.hpp"
#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"
#include "fealty/program/series.hpp"

/// The loyalty rules: pure transitions of one member's record. No clock, no I/O, no allocation that
/// outlives the call except inside the record and the effects.
namespace fealty::program {

enum class Verdict : std::uint8_t {
  applied,
  duplicate,  // seen before: record and effects untouched
  refused,    // `reason` says why; record and effects untouched; the input is dead-lettered
};
struct Outcome {
  Verdict verdict = Verdict::applied;
  Errc reason{};             // with refused only
  std::string_view field{};  // with refused only: what was wrong
};

/// True where apply() needs the order's grant (a refund or cancel not seen before): the caller
/// looks it up by order_key() first and passes what it found.
bool needs_order(const member::Record& record, const event::Event& event);
std::uint64_t order_key(const event::Event& event);

/// Applies `event` to `record` and appends what it brought about to `effects`.
/// The event is judged by the generation that its time falls in, an order's points after a refund
/// by that of the order. `position` is the event's input position. `order` is the stored grant that
/// needs_order() asked for, nullptr where there is none. The level is settled up to the event's day
/// first. Does not touch the churn fields but purchase_days: insight does. Precondition:
/// event.member == record.id.
Outcome apply(member::Record& record, const event::Event& event, event::Offset position,
              const member::OrderGrant* order, const Series& series, member::Effects& effects);

/// Announces the level changes that fall due up to and including `today`, one notice each. Moves
/// record.through there.
void announce(member::Record& record, Day today, const Series& series, member::Effects& effects);

/// The level as it stands on `today` if nothing more happens: what a reader is shown. A day too far
/// back for an event to change is answered by the first one that is not.
member::LevelState level_on(const member::Record& record, Day today, const Series& series);
/// The generation whose levels level_on() answers with an index into.
const Program& levels_on(const member::Record& record, Day today, const Series& series);
/// The qualifying metric of the window that `today` lies in (minor units, points or orders).
std::int64_t qualifying_on(const member::Record& record, Day today, const Series& series);

}  // namespace fealty::program
