#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "fealty/base/flat_map.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/member_cache.hpp"

namespace fealty::runtime {

/// A member that falls due.
struct DueMember {
  ports::DuePlace place;
  Slot slot = no_slot;  // no_slot: rests in the store
};

/// Some of what falls due, in order.
struct DuePage {
  std::vector<DueMember> members;
  ports::DuePlace reached;  // nothing up to here is left out
  bool more = false;        // behind it something is left
};

/// Which members of a partition fall due on which day. The store's index has them as they were
/// saved; what has changed since, and what never was saved, is held here by day. A page is worked
/// off by (day, member id), so the order does not depend on who happens to be in memory. On a day
/// on which another generation of the program comes into force everybody is due.
///
/// Owns:    its lists. Borrows the cache. Bounded: twice the members that have a timer here.
/// Threads: one. Errors: the store's.
class Timers {
 public:
  /// The first such day after a day; no_day = none.
  using NextSwitch = std::function<Day(Day)>;
  Timers(MemberCache& cache, std::uint32_t partition, const NextSwitch& next_switch)
      : cache_{cache}, partition_{partition}, next_switch_{next_switch} {}

  /// The member falls due on another day than it was saved with. Once a day is enough.
  void add(Slot slot, CachedMember& member);
  /// Appends to `page` members due up to `today` behind `after` (and behind earlier turns), at most
  /// `limit`. `store`: nullptr where every member is in memory.
  Result<void> upcoming(const ports::DuePlace& after, Day today, std::size_t limit,
                        ports::MemberStore* store, DuePage& page);
  /// The turn to `today` is over.
  void turned(Day today);
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    Slot slot = no_slot;
    std::uint32_t generation = 0;
  };
  struct DayList {
    std::vector<Entry> entries;
    bool sorted = false;  // by id, for the turn under way
  };
  [[nodiscard]] bool holds(const Entry& entry, Day day) const;
  void drop_stale(DayList& list, Day day);
  void compact();
  void sort(DayList& list, Day day);
  void from_memory(const ports::DuePlace& after, Day today, std::size_t limit, DuePage& out);
  Result<void> from_store(const ports::DuePlace& after, Day today, std::size_t limit,
                          ports::MemberStore& store, DuePage& out);
  void everybody_here(const ports::DuePlace& after, Day day, std::size_t limit, DuePage& out);
  Result<void> everybody_stored(const ports::DuePlace& after, Day day, std::size_t limit,
                                ports::MemberStore& store, DuePage& out);

  static constexpr std::size_t entries_min = 4096;

  MemberCache& cache_;
  const std::uint32_t partition_;
  FlatMap<Day, DayList> days_;
  Day turned_to_ = std::numeric_limits<Day>::min();
  std::size_t entries_ = 0, compact_at_ = entries_min;
  const NextSwitch& next_switch_;
  std::vector<Entry> everybody_;         // in memory, by id; of the turn under way
  std::vector<ports::DuePlace> stored_;  // scratch
  std::vector<member::Record> records_;  // likewise
};

}  // namespace fealty::runtime
