#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fealty/event/event.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/clock.hpp"
#include "fealty/runtime/timeline_note.hpp"

namespace fealty::runtime {

/// Where a committed run of the input ends: before a record, and within the turn of the clock that
/// belongs there, where that was cut in two.
struct CommittedTo {
  ports::Offset offset = 0;
  std::optional<ports::DuePlace> turn;  // worked off up to here; nullopt = all of it
};
/// As CommitPosition::note, and back. What is no such note means a whole turn.
std::string to_note(const CommittedTo& committed);
CommittedTo from_note(ports::Offset offset, std::string_view note);

/// A moment of a timeline, from which it can be repeated.
struct Moment {
  ports::Offset position = 0;  // before this record
  ports::ClockState clock;
  std::size_t advances = 0;  // made by then, of those that the timeline knows
  Day turned_to = std::numeric_limits<Day>::min();  // all turns up to it were over
};

/// One order of records and the clock that goes with it: of one partition, or of all partitions of
/// a recorded log.
///
/// A recovery begins at an earlier moment and repeats what the timeline did, silently, up to where
/// outputs were committed. As far as the checkpoint recorded them the clock's advances are repeated
/// from there, for the records alone do not say them: a record that a saved version holds already
/// is skipped, and nobody knows any more whether it had been accepted. From then on, and live, each
/// accepted event moves the clock.
///
/// Invariant: next() never turns back; advances are ascending by position.
/// Threads: one. Errors: none.
class Timeline {
 public:
  using DayOf = std::function<Day(EventTime)>;
  Timeline(std::chrono::days jump_max, DayOf day_of, CommittedTo committed)
      : clock_{jump_max}, day_of_{std::move(day_of)}, committed_{std::move(committed)} {}

  /// Begins where a checkpoint says, or, nothing having been saved, at `start` without a clock.
  void begin(const ports::Checkpoint& checkpoint);
  void begin(ports::Offset start);

  /// First record that is still to come.
  [[nodiscard]] ports::Offset next() const { return next_; }
  [[nodiscard]] EventTime now() const { return clock_.now(); }
  /// Of the clock; -1 before the first event.
  [[nodiscard]] Day today() const { return today_; }
  /// Before the record at next(): a witness that it is to the clock counts only behind it.
  [[nodiscard]] Moment moment() const {
    return {next_, before_record_ ? *before_record_ : clock_.state(), made_, turned_to_};
  }

  /// A recorded advance lies before the record at `offset`: the clock has made it, and what falls
  /// due is to be worked off before the record is looked at. Ask again until false.
  [[nodiscard]] bool repeat(ports::Offset offset);
  /// The guard of the clock: see Clock::believes().
  [[nodiscard]] bool believes(const event::Event& event) {
    const ports::ClockState before = clock_.state();
    const bool believed = clock_.believes(event.time, event.member_hash);
    if (clock_.state() != before) before_record_ = before;
    return believed;
  }
  /// Whether the record at `offset` is refused because this machine's clock was behind it: decided
  /// once, by `behind`, and recorded, for a recovery comes later.
  [[nodiscard]] bool refused(ports::Offset offset, bool behind);
  /// The record at `offset` was accepted: the clock moves, as far as that is not recorded
  /// otherwise.
  void accepted(ports::Offset offset, EventTime time);
  /// The line at `offset` is no record but says that the clock was moved to `time` there, while no
  /// record came.
  void advanced(ports::Offset offset, EventTime time);
  /// Goes on behind the record at `offset`; true where it brought a new day.
  [[nodiscard]] bool passed(ports::Offset offset);
  /// Nothing lies before the next record but what records themselves say.
  [[nodiscard]] bool quiet() const {
    return !recovering_ && !turn_ && !recorded_ && made_ == advances_.size() && clock_.confirmed();
  }
  /// While quiet(): whether a record of this time leaves the day as it is, and is believed,
  /// whatever becomes of it and of other such records before it. Their order does not matter to the
  /// timeline.
  [[nodiscard]] bool within_today(EventTime time) const {
    return day_of_(time) <= today_ && clock_.near(time);
  }
  /// While quiet(): goes on behind records that were all within_today(). `latest`: the latest time
  /// of those accepted, if any was.
  void passed_within_today(ports::Offset last, std::optional<EventTime> latest);
  /// Moves the clock to a later day while no record comes.
  void tick(EventTime time);

  /// What the record at `offset` brings about went out before.
  [[nodiscard]] bool silent(ports::Offset offset) const { return offset < committed_.offset; }
  /// Likewise what falls due at `place` of the turn at next().
  [[nodiscard]] bool silent(const ports::DuePlace& place) const;
  /// Until all that was committed is repeated.
  [[nodiscard]] bool recovering() const { return recovering_; }
  /// No turn is under way: where all that was committed is repeated, the recovery is over.
  void settle();

  /// The turn of the clock at next() that is being worked off: the place reached; nullptr = none.
  [[nodiscard]] ports::DuePlace* turn() { return turn_ ? &*turn_ : nullptr; }
  void begin_turn() { turn_.emplace(); }
  void end_turn() {
    turn_.reset();
    turned_to_ = today_;
  }

  /// Goes by a further generation of the program from here on.
  void adopt(ports::Generation generation);
  [[nodiscard]] const std::vector<ports::Generation>& generations() const { return generations_; }

  /// What a commit prepared now would cover.
  [[nodiscard]] CommittedTo worked_off() const;
  [[nodiscard]] const CommittedTo& committed() const { return committed_; }
  void set_committed(CommittedTo to) { committed_ = std::move(to); }
  /// Fills in where a recovery from `moment` begins, and what it has to repeat. Moments never turn
  /// back.
  void fill(const Moment& moment, ports::Checkpoint& checkpoint);
  /// What was decided since they were taken last; see TimelineNote.
  [[nodiscard]] std::vector<TimelineNote> take_notes() { return std::exchange(notes_, {}); }
  /// Records refused by this machine's clock that a checkpoint must name: saving all ends that.
  [[nodiscard]] std::size_t refused_count() const { return refused_.size(); }

 private:
  bool set_today();
  void repeat_behind(ports::Offset offset, EventTime time);
  void note_new_day(ports::Offset offset);
  /// The clock has another recorded advance to make before the record at next().
  [[nodiscard]] bool advance_left() const;
  /// The turn that was cut goes on behind the place that was committed: that much goes out.
  [[nodiscard]] bool behind_note() const;

  Clock clock_;
  DayOf day_of_;
  CommittedTo committed_;
  ports::Offset next_ = 0;
  std::optional<ports::ClockState> before_record_;  // at next(), where its time has changed it
  Day today_ = -1;
  bool new_day_ = false;
  bool recovering_ = true;
  // At most one a day of the accepted event times, so they are kept.
  std::vector<ports::Advance> advances_;
  std::size_t made_ = 0;                // of them, by the clock
  std::vector<ports::Offset> refused_;  // ascending, since the last checkpoint's recover_from
  struct Recorded {
    ports::Offset to = 0;
    ports::ClockState clock;
  };
  std::optional<Recorded> recorded_;  // until the clock has got there
  std::optional<ports::DuePlace> turn_;
  Day turned_to_ = std::numeric_limits<Day>::min();
  std::vector<ports::Generation> generations_;  // adopted, ascending
  std::vector<TimelineNote> notes_;             // for the next commit
};

}  // namespace fealty::runtime
