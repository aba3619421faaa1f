#pragma once

#include <functional>

#include "fealty/insight/outlooks.hpp"
#include "summary.hpp"

/// The risk of every day, from the purchase days and the days alone. The rules:
/// config/programs/README.md, section Churn.
///
/// The score rises by itself while a member is quiet: both factors of P(buys within H) fall with T.
/// So a risk that is not raised yet has one crossing day, found once and kept as the state's due
/// day. A raised risk can only be cleared by a purchase, at once or, held back by the dwell, at its
/// end; or where other parameters come into force.
namespace fealty::insight {

/// Whether `state` is held on `day`: there is nothing to tell, or the dwell is not over.
bool held(const member::ChurnState& state, Day day, const ChurnParameters& p);
/// Whether a score of `bp`, which a purchase brought, changes `state` where it is not held.
bool turns(const member::ChurnState& state, std::int32_t bp, const ChurnParameters& p);
/// `state` turned round on `day`; its due day is not set.
member::ChurnState turned(const member::ChurnState& state, Day day);
/// The first day from `now` on, up to `limit`, on which time alone changes `state`; no_day = none.
/// `s`: with a purchase in it.
Day due_day(const Summary& s, const member::ChurnState& state, Day now, Day limit,
            const ChurnParameters& p);
/// The same without a limit, by what is remembered. `p`: in the series of `outlooks`.
Day due_day(const Summary& s, const member::ChurnState& state, Day now, const ChurnParameters& p,
            Outlooks& outlooks);

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
