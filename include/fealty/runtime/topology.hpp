#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fealty/codec/decoder.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::runtime {

/// One named step of a topology, for people: what `fealty topology` prints.
struct Stage {
  std::string name, does;
};

/// What every topology says of itself, for people; and where what goes out may go.
struct Outline {
  std::string name;
  std::string source;          // what comes in
  std::vector<Stage> stages;   // in order
  std::string store;           // where state rests
  ports::StreamTable streams;  // what goes out; outputs name their places in it
};

/// A stream of the table and what writes its records.
template <class... Args>
struct Output {
  ports::Stream stream{};
  std::function<void(Args..., std::string&)> encode;
};
/// What a members topology writes.
struct MemberOutputs {
  Output<const member::Notice&, std::string_view /*member*/> notices;
  Output<const member::LedgerEntry&, std::string_view /*member*/> ledger;
  /// A member as readers see it at a time.
  Output<const member::Record&, EventTime> members;
  ports::Stream deadletters{}, changelog{}, timeline{};
};

/// One event into one member's record. Threads: one; it may remember what it computed, which nobody
/// can tell from its answers.
class EventApplier {
 public:
  EventApplier() = default;
  EventApplier(const EventApplier&) = delete;
  EventApplier& operator=(const EventApplier&) = delete;
  virtual ~EventApplier() = default;
  virtual program::Outcome apply(member::Record& record, const event::Event& event,
                                 event::Offset position, const member::Rows& rows,
                                 member::Effects& effects) = 0;
};

/// A members topology: plain data that reads as the data's path, and the functions that are that
/// path. The same object runs and is printed. Immutable; whatever the functions borrow must outlive
/// it.
struct Topology : Outline {
  std::uint32_t core_revision = 0;  // raised whenever the same input would give other state

  /// A decoder for one thread.
  std::function<std::unique_ptr<codec::Decoder>()> decoder;
  /// How the mapping names what a decoder left out.
  std::function<std::string(const codec::OddPath&)> path_of;
  /// What applies events, for one thread.
  std::function<std::unique_ptr<EventApplier>()> applier;
  /// What falls due for one member up to the end of a day: the clock's, whatever its time of day.
  std::function<void(member::Record&, Day today, member::Effects&)> announce;
  /// The day of a time, in the program's zone.
  std::function<Day(EventTime)> day;
  /// The first day after `day` on which another generation of the program comes into force: then
  /// everybody is due. no_day = none.
  std::function<Day(Day)> next_switch = [](Day) { return no_day; };
  /// Effects -> streams.
  MemberOutputs outputs;
};

}  // namespace fealty::runtime
