#pragma once

#include "amounts.hpp"

/// A member's level as it is kept: that of the day record.through, brought forward by days and by
/// amounts. What it comes to is what LevelPath gives; this is the short way there.
namespace fealty::program {

/// The day on which `level` falls if nothing happens after `day`. Precondition: `amounts` hold it
/// on `day`, and count by then.
Day check_day(const member::DatedAmounts& amounts, std::uint8_t level, Day day,
              const Program& program);

/// A level of `day` brought forward.
struct LevelOn {
  member::LevelState state;
  Day day = 0;
  bool gone = false;  // the level before is none of the generation that came into force
};
/// The next day after `at.day` on which the level may change if no amount is added.
Day next_turn(const LevelOn& at, const Series& series);
/// `at` after the beginning of that day. Precondition: all amounts count by at.day.
LevelOn turned(const member::DatedAmounts& amounts, const LevelOn& at, const Series& series);

/// Adds the amount, and brings record.level to what holds on record.through. True: what the last
/// level notice said of its day holds no more.
bool add_qualifying(member::Record& record, Day of, Day from, std::int64_t amount,
                    const Series& series);

}  // namespace fealty::program
