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

/// What kind of cause an event is.
constexpr member::CauseType cause_type(event::Type type) {
  static_assert(member::cause_type_count == event::type_count + 1, "one for each event type");
  return static_cast<member::CauseType>(static_cast<unsigned>(type) + 1);
}

/// Asks `rows`, which is emptied first, for the rows that apply() needs beside the record: the
/// order of a refund, a redemption's reservation, refunds parked for a purchase, and of a member
/// whose delivery keys have left the record's window those that may tell a repeat. Mostly none. The
/// caller looks them up and hands them to apply() with the same record.
void rows_needed(const member::Record& record, const event::Event& event, member::Rows& rows);

/// Applies `event` to `record` and appends what it brought about to `effects`, which are empty.
/// The event is judged by the generation that its time falls in, an order's points after a refund
/// by that of the order.
/// `position` is the event's input position, `rows` what was found of those that rows_needed()
/// asked for. The level is settled up to the event's day first. Does not touch the churn fields but
/// purchase_days: insight does. Precondition: event.member == record.id.
Outcome apply(member::Record& record, const event::Event& event, event::Offset position,
              const member::Rows& rows, const Series& series, member::Effects& effects);

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
