#pragma once

#include "amounts.hpp"
#include "ladder.hpp"

/// The level of every day, from the dated amounts and the days alone. The rules:
/// config/programs/README.md, section Levels.
namespace fealty::program {

/// Walks a member's level from day to day: at the beginning of a day what left the window counts
/// no more and what falls due falls; at its end the day's own amounts count.
///
/// Owns: scratch space. Borrows the record and the series. Threads: one.
class LevelPath {
 public:
  /// Stands at the end of record.level_base.day.
  LevelPath(const member::Record& record, const Series& series);
  /// Moves on to the end of `day`.
  void walk_to(Day day);

  /// An index into the levels of the generation in force on the day it stands on.
  [[nodiscard]] std::uint8_t level() const { return at_.level; }
  /// Where it stands now, to be walked on from another time.
  [[nodiscard]] member::LevelBase base() const { return at_; }
  /// The state at the end of the day it stands on, if nothing more happens. Precondition: all
  /// amounts count by then.
  [[nodiscard]] member::LevelState state() const;

 private:
  struct Sums {
    std::int64_t net = 0, held = 0;
    void add(std::int64_t amount) {
      net += amount;
      if (amount > 0) held += amount;
    }
    void take(std::int64_t amount) {
      net -= amount;
      if (amount > 0) held -= amount;
    }
  };
  [[nodiscard]] Day next_change() const;
  void step(Day day);
  void leave(Day day);
  bool enter(Day day);
  void enter_one(const member::DatedAmount& amount, Day day);
  [[nodiscard]] Standing standing() const;

  const member::DatedAmounts& amounts_;
  const Series& series_;
  const Program* program_;  // in force on the day it stands on
  member::LevelBase at_;
  SmallVector<std::uint16_t, 64> by_from_;
  std::size_t entering_ = 0;  // in by_from_
  std::size_t leaving_ = 0;   // rolling: in amounts_, which are ascending by `of`
  Sums window_, last_year_;   // last_year_: calendar year only
  std::int32_t year_ = 0;     // calendar year: the one that window_ is of
};

}  // namespace fealty::program
