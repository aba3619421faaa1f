#pragma once

#include <functional>

#include "summary.hpp"

/// The risk of every day, from the purchase days and the days alone. The rules:
/// config/programs/README.md, section Churn.
///
/// The score rises by itself while a member is quiet: both factors of P(buys within H) fall with T.
/// So a risk that is not raised yet has one crossing day, found once and kept as the state's due
/// day. A raised risk can only be cleared by a purchase, at once or, held back by the dwell, at its
/// end; or where other parameters come into force.
namespace fealty::insight {

/// Whether a purchase on `day`, after which the member is `s`, changes `state`.
bool turns(const Summary& s, const member::ChurnState& state, Day day, const ChurnParameters& p);
/// `state` turned round on `day`; its due day is not set.
member::ChurnState turned(const member::ChurnState& state, Day day);
/// The first day from `now` on, up to `limit`, on which time alone changes `state`; no_day = none.
/// `s`: with a purchase in it.
Day due_day(const Summary& s, const member::ChurnState& state, Day now, Day limit, Day hint,
            const ChurnParameters& p);

/// Brings `state`, which is that of `from` with its due day, to `until`. `changed` is told of each
/// change on the way, with the state as it is then.
using Changed = std::function<void(const member::ChurnState& state, Day day)>;
member::ChurnState advanced(const member::Record& record, member::ChurnState state, Day from,
                            Day until, const ChurnSeries& series, const Changed& changed);

struct Walked {
  member::ChurnState state;  // at the end of the day walked to; its due day is not set
  bool raised = false;       // at the end of the day asked about
};
Walked walk(const member::Record& record, Day to, Day asked, const ChurnSeries& series);

}  // namespace fealty::insight
