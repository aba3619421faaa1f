#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "fealty/member/churn_parameters.hpp"
#include "fealty/program/program.hpp"

/// A program over time: its generations, each in force from a day on until the next one.
namespace fealty::program {

/// What keeps generations from being one program.
struct SeriesFault {
  std::size_t generation = 0;
  std::string key;  // of the program file
  std::string problem;
};
/// Every fault of `generations`, which are in the order of their days.
std::vector<SeriesFault> series_faults(std::span<const Program> generations);

/// Owns: its generations. Immutable. Threads: any.
class Series {
 public:
  /// One generation, in force on every day.
  explicit Series(Program only);
  /// Precondition: series_faults() finds nothing.
  explicit Series(std::vector<Program> generations);

  /// The generation in force on `day`.
  [[nodiscard]] const Program& on(Day day) const {
    std::size_t i = generations_.size() - 1;
    while (i > 0 && generations_[i].valid_from > day) --i;
    return generations_[i];
  }
  /// The generation that an event of `time` is judged by.
  [[nodiscard]] const Program& at(EventTime time) const { return on(day(time)); }
  /// nullptr: not of this series.
  [[nodiscard]] const Program* of_version(std::uint32_t version) const;
  [[nodiscard]] const Program& first() const { return generations_.front(); }
  [[nodiscard]] const Program& newest() const { return generations_.back(); }
  [[nodiscard]] std::span<const Program> generations() const { return generations_; }
  /// Same fingerprint, same outcomes. That of the program where it has one generation.
  [[nodiscard]] std::uint64_t fingerprint() const;

  [[nodiscard]] Day day(EventTime time) const { return day_of(time, first().utc_offset_s); }
  /// The first day after `day` on which another generation comes into force; no_day = none.
  [[nodiscard]] Day next_switch(Day day) const {
    for (std::size_t i = 1; i < generations_.size(); ++i) {
      if (generations_[i].valid_from > day) return generations_[i].valid_from;
    }
    return no_day;
  }
  /// The days after `after`, up to `until`, on which another generation comes into force. On these
  /// everybody is due.
  [[nodiscard]] std::vector<Day> switches(Day after, Day until) const;

  /// Whether any generation has levels to climb, keeps a level in spite of refunds, mutes a notice.
  [[nodiscard]] bool any_levels() const { return any_levels_; }
  [[nodiscard]] bool any_hold() const { return any_hold_; }
  [[nodiscard]] bool any_muted() const { return any_muted_; }
  [[nodiscard]] const ChurnSeries& churn() const { return churn_; }

 private:
  std::vector<Program> generations_;
  ChurnSeries churn_;
  bool any_levels_ = false, any_hold_ = false, any_muted_ = false;
};

}  // namespace fealty::program
