#include "fealty/runtime/timers.hpp"

#include <algorithm>
#include <iterator>

namespace fealty::runtime {

bool Timers::holds(const Entry& entry, Day day) const {
  const CachedMember& member = cache_.member(entry.slot);
  return member.live != 0 && member.generation == entry.generation && member.timer_due == day &&
         member.record.due() == day;
}

void Timers::add(Slot slot, CachedMember& member) {
  const Day due = member.record.due();
  if (due == member.timer_due) return;
  // Just loaded, and due as it was saved: the store's index knows.
  if (member.timer_due == no_day && due == member.stored_due) return;
  member.timer_due = due;
  if (due == no_day) return;
  if (entries_ >= compact_at_) compact();
  DayList& list = days_[due];
  list.entries.push_back({slot, std::uint32_t{member.generation}});
  list.sorted = false;
  ++entries_;
}

/// Entries whose member has another day by now, or is another one, go.
void Timers::drop_stale(DayList& list, Day day) {
  const std::size_t before = list.entries.size();
  std::erase_if(list.entries, [&](const Entry& entry) { return !holds(entry, day); });
  entries_ -= before - list.entries.size();
}

/// Each time that the entries have doubled, so an entry costs about one look.
void Timers::compact() {
  for (auto at = days_.begin(); at != days_.end();) {
    drop_stale(at->second, at->first);
    at->second.entries.shrink_to_fit();
    at = at->second.entries.empty() ? days_.erase(at) : std::next(at);
  }
  compact_at_ = std::max(entries_min, 2 * entries_);
}

void Timers::sort(DayList& list, Day day) {
  if (list.sorted) return;
  drop_stale(list, day);
  const auto id = [&](const Entry& entry) -> const std::string& {
    return cache_.member(entry.slot).record.id;
  };
  std::sort(list.entries.begin(), list.entries.end(),
            [&](const Entry& a, const Entry& b) { return id(a) < id(b); });
  const auto same = [](const Entry& a, const Entry& b) { return a.slot == b.slot; };
  const auto last = std::unique(list.entries.begin(), list.entries.end(), same);
  entries_ -= static_cast<std::size_t>(std::distance(last, list.entries.end()));
  list.entries.erase(last, list.entries.end());
  list.sorted = true;
}

/// True where it stopped at the limit.
bool Timers::from_memory(const ports::DuePlace& after, Day today, std::size_t limit,
                         std::vector<DueMember>& out) {
  for (auto at = days_.lower_bound(after.day); at != days_.end() && at->first <= today; ++at) {
    const Day day = at->first;
    sort(at->second, day);
    const auto& entries = at->second.entries;
    auto entry = entries.begin();
    if (day == after.day) {
      entry = std::partition_point(entries.begin(), entries.end(), [&](const Entry& e) {
        return cache_.member(e.slot).record.id <= after.member;
      });
    }
    for (; entry != entries.end(); ++entry) {
      if (!holds(*entry, day)) continue;
      if (out.size() == limit) return true;
      out.push_back({{day, cache_.member(entry->slot).record.id}, entry->slot});
    }
  }
  return false;
}

/// Likewise, of those that the index names rightly: who has changed since is held in memory.
Result<bool> Timers::from_store(const ports::DuePlace& after, Day today, std::size_t limit,
                                ports::MemberStore& store, std::vector<DueMember>& out,
                                ports::DuePlace& reached) {
  stored_.clear();
  const auto more = store.due(after, today, limit, stored_);
  if (!more) return more.error();
  for (ports::DuePlace& place : stored_) {
    const std::uint64_t key = cache_.key_of(place.member, partition_);
    const Slot slot = cache_.find(key, partition_, place.member);
    reached = place;
    if (slot != no_slot && cache_.member(slot).record.due() != place.day) continue;
    out.push_back({std::move(place), slot});
  }
  return more;
}

Result<void> Timers::upcoming(const ports::DuePlace& after, Day today, std::size_t limit,
                              ports::MemberStore* store, DuePage& page) {
  const bool any_before = turned_to_ != std::numeric_limits<Day>::min();
  const ports::DuePlace first{any_before ? turned_to_ + 1 : turned_to_, {}};
  const ports::DuePlace& from = std::max(after, first);
  std::vector<DueMember> memory, saved;
  ports::DuePlace reached_saved;
  const bool more_memory = from_memory(from, today, limit, memory);
  bool more_saved = false;
  if (store != nullptr) {
    auto more = from_store(from, today, limit, *store, saved, reached_saved);
    if (!more) return more.error();
    more_saved = *more;
  }
  const auto earlier = [](const DueMember& a, const DueMember& b) { return a.place < b.place; };
  std::merge(memory.begin(), memory.end(), saved.begin(), saved.end(),
             std::back_inserter(page.members), earlier);
  const auto same = [](const DueMember& a, const DueMember& b) { return a.place == b.place; };
  page.members.erase(std::unique(page.members.begin(), page.members.end(), same),
                     page.members.end());
  page.more = more_memory || more_saved;
  if (!page.more) return {};
  // Behind the last place of the one that has more, the other may be ahead of it.
  page.reached = more_saved ? reached_saved : memory.back().place;
  if (more_memory) page.reached = std::min(page.reached, memory.back().place);
  std::erase_if(page.members, [&](const DueMember& due) { return page.reached < due.place; });
  return {};
}

void Timers::turned(Day today) {
  while (!days_.empty() && days_.begin()->first <= today) {
    entries_ -= days_.begin()->second.entries.size();
    days_.erase(days_.begin());
  }
  turned_to_ = today;
}

std::size_t Timers::bytes() const {
  constexpr std::size_t node_bytes = 96;
  return days_.size() * node_bytes + 2 * entries_ * sizeof(Entry);
}

}  // namespace fealty::runtime
