#pragma once

#include <string_view>

#include "fealty/member/record.hpp"
#include "fealty/program/program.hpp"

/// The level ladder: which level a metric holds, and when it falls. Pure leaves; the rules are
/// those of config/programs/README.md, section Levels.
namespace fealty::program {

inline constexpr std::uint8_t level_max = 255;

/// False where there is nothing to climb: then nothing of this is kept.
bool has_levels(const Program& program);

/// The bucket of the qualifying metric that `day` falls into.
std::int32_t bucket_of(Day day, const Program& program);
/// Adds `amount` (signed) to the bucket of `day`, unless that bucket can no longer matter on
/// `today` or, for a negative amount, is gone: then the answer is false.
bool add_qualifying(member::Record& record, Day day, Day today, std::int64_t amount,
                    const Program& program);
/// Drops the buckets that can no longer matter on `today`, and empty ones.
void prune_qualifying(member::Record& record, Day today, const Program& program);

/// The metric that holds a level on `day`: rolling: of (day - n, day]; calendar year: the greater
/// of this and the last year; lifetime: all.
std::int64_t standing(const member::Record& record, Day day, const Program& program);
/// The highest level whose threshold `metric` reaches.
std::uint8_t level_for(std::int64_t metric, const Program& program);
/// The day at which `level` falls due for a check, if nothing happens after `day`: fall day +
/// grace. Precondition: standing(day) reaches the level.
Day check_day(const member::Record& record, std::uint8_t level, Day day, const Program& program);
/// `state` after the check that falls due on its check day.
member::LevelState after_check(const member::Record& record, const member::LevelState& state,
                               const Program& program);
/// `state` stepped through all checks up to and including `day`.
member::LevelState stepped(const member::Record& record, member::LevelState state, Day day,
                           const Program& program);
/// `state` re-evaluated on `day` after the buckets changed. `by_refund`: the change was a
/// reduction.
member::LevelState evaluated(const member::Record& record, member::LevelState state, Day day,
                             bool by_refund, const Program& program);

}  // namespace fealty::program
