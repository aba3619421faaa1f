#include "fealty/runtime/turn.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t partition_limit_min = 16;

struct Due {
  DueMember member;
  MemberPartition* partition = nullptr;
};

/// What falls due on all partitions behind `after`, in order, and how far that is complete.
struct Merged {
  std::vector<Due> due;
  ports::DuePlace reached;
  bool more = false;
};

Result<Merged> upcoming(TimelineGroup& group, const ports::DuePlace& after, std::size_t limit) {
  Merged merged;
  const Timeline& timeline = *group.timeline;
  const std::size_t each =
      std::max(std::min(limit, partition_limit_min), limit / group.partitions.size());
  DuePage page;
  for (const auto& partition : group.partitions) {
    if (!partition->begun(timeline.next())) continue;  // It holds all this already.
    page = {};
    ports::MemberStore* const store = partition->store_has_more() ? &partition->store() : nullptr;
    auto found = partition->timers().upcoming(after, timeline.today(), each, store, page);
    if (!found) return found.error();
    for (DueMember& due : page.members) merged.due.push_back({std::move(due), partition.get()});
    if (!page.more) continue;
    merged.reached = merged.more ? std::min(merged.reached, page.reached) : page.reached;
    merged.more = true;
  }
  if (merged.more) {
    std::erase_if(merged.due, [&](const Due& due) { return merged.reached < due.member.place; });
  }
  if (group.partitions.size() > 1) {
    std::sort(merged.due.begin(), merged.due.end(),
              [](const Due& a, const Due& b) { return a.member.place < b.member.place; });
  }
  return merged;
}

/// Brings those that rest in the store into memory.
Result<void> load(std::vector<Due>& due, const TimelineGroup& group) {
  std::vector<Slot> inserted;
  for (const auto& partition : group.partitions) {
    inserted.clear();
    MemberCache& cache = partition->cache();
    for (Due& one : due) {
      if (one.partition != partition.get() || one.member.slot != no_slot) continue;
      const std::string& id = one.member.place.member;
      const std::uint64_t key = cache.key_of(id, partition->number());
      // Due on two days, it is named twice.
      one.member.slot = cache.find(key, partition->number(), id);
      if (one.member.slot != no_slot) continue;
      one.member.slot = cache.insert(key, partition->number(), id);
      inserted.push_back(one.member.slot);
    }
    if (auto loaded = partition->load(inserted); !loaded) return loaded.error();
  }
  return {};
}

}  // namespace

Result<bool> turn_page(TimelineGroup& group, const Timers::NextSwitch& next_switch,
                       std::size_t limit, ports::OutputBuffer& out) {
  Timeline& timeline = *group.timeline;
  ports::DuePlace* const reached = timeline.turn();
  check(reached != nullptr, "a page belongs to a turn");
  auto merged = upcoming(group, *reached, limit);
  if (!merged) return merged.error();
  if (auto loaded = load(merged->due, group); !loaded) return loaded.error();
  for (const Due& due : merged->due) {
    const Slot slot = due.member.slot;
    const member::Record& record = due.partition->cache().member(slot).record;
    // Saved behind this turn, it has been through it. What it is due for by now may lie before this
    // day all the same: a first event far ahead counts only until the next one.
    if (record.as_of > timeline.next()) continue;
    const bool switched = record.last_day >= 0 && next_switch(record.through) <= timeline.today();
    if (record.due() > timeline.today() && !switched) continue;
    due.partition->announce(slot, timeline.silent(due.member.place), out);
  }
  if (merged->more) {
    *reached = merged->reached;
    return false;
  }
  for (const auto& partition : group.partitions) {
    if (partition->begun(timeline.next())) partition->timers().turned(timeline.today());
  }
  timeline.end_turn();
  return true;
}

}  // namespace fealty::runtime
