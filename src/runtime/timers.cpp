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
  // Just loaded, and due as it was saved: the store's index knows. Of who was never loaded nobody
  // may ask the store.
  if (member.timer_due == untimed && due == member.stored_due) return;
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
  for (auto& [day, list] : days_) {
    drop_stale(list, day);
    list.entries.shrink_to_fit();
  }
  const auto gone = [](const auto& day) { return day.second.entries.empty(); };
  days_.erase(std::remove_if(days_.begin(), days_.end(), gone), days_.end());
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

void Timers::from_memory(const ports::DuePlace& after, Day today, std::size_t limit, DuePage& out) {
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
      out.more = out.members.size() == limit;
      if (out.more) return;
      out.members.push_back({{day, cache_.member(entry->slot).record.id}, entry->slot});
      out.reached = out.members.back().place;
    }
  }
}

/// Those that the index names rightly: who has changed since is held in memory.
Result<void> Timers::from_store(const ports::DuePlace& after, Day today, std::size_t limit,
                                ports::MemberStore& store, DuePage& out) {
  stored_.clear();
  const auto more = store.due(after, today, limit, stored_);
  if (!more) return more.error();
  out.more = *more;
  for (ports::DuePlace& place : stored_) {
    const std::uint64_t key = cache_.key_of(place.member, partition_);
    const Slot slot = cache_.find(key, partition_, place.member);
    out.reached = place;
    if (slot != no_slot && cache_.member(slot).record.due() != place.day) continue;
    out.members.push_back({std::move(place), slot});
  }
  return {};
}

void Timers::everybody_here(const ports::DuePlace& after, Day day, std::size_t limit,
                            DuePage& out) {
  if (everybody_.empty()) {
    for (const Slot slot : cache_.sorted_by_id(partition_)) {
      everybody_.push_back({slot, std::uint32_t{cache_.member(slot).generation}});
    }
  }
  for (const Entry& entry : everybody_) {
    const CachedMember& member = cache_.member(entry.slot);
    if (member.live == 0 || member.generation != entry.generation) continue;
    if (day == after.day && member.record.id <= after.member) continue;
    out.more = out.members.size() == limit;
    if (out.more) return;
    out.members.push_back({{day, member.record.id}, entry.slot});
    out.reached = out.members.back().place;
  }
}

Result<void> Timers::everybody_stored(const ports::DuePlace& after, Day day, std::size_t limit,
                                      ports::MemberStore& store, DuePage& out) {
  const std::string_view behind = day == after.day ? std::string_view{after.member} : "";
  if (auto read = store.page(behind, limit, records_); !read) return read.error();
  out.more = records_.size() == limit;
  for (const member::Record& record : records_) {
    const std::uint64_t key = cache_.key_of(record.id, partition_);
    out.members.push_back({{day, record.id}, cache_.find(key, partition_, record.id)});
    out.reached = out.members.back().place;
  }
  return {};
}

Result<void> Timers::upcoming(const ports::DuePlace& after, Day today, std::size_t limit,
                              ports::MemberStore* store, DuePage& page) {
  constexpr Day first_day = std::numeric_limits<Day>::min();
  const Day turned_to = turned_to_;
  const ports::DuePlace first{turned_to == first_day ? first_day : turned_to + 1, {}};
  const ports::DuePlace& from = std::max(after, first);
  std::vector<DuePage> sources(1);
  from_memory(from, today, limit, sources.back());
  if (store != nullptr) {
    auto read = from_store(from, today, limit, *store, sources.emplace_back());
    if (!read) return read;
  }
  for (Day day = next_switch_(turned_to); day <= today; day = next_switch_(day)) {
    if (day < from.day) continue;
    everybody_here(from, day, limit, sources.emplace_back());
    if (store == nullptr) continue;
    auto read = everybody_stored(from, day, limit, *store, sources.emplace_back());
    if (!read) return read;
  }
  // Behind the last place of a source that has more, the others may be ahead of it.
  for (DuePage& source : sources) {
    std::move(source.members.begin(), source.members.end(), std::back_inserter(page.members));
    if (!source.more) continue;
    page.reached = page.more ? std::min(page.reached, source.reached) : source.reached;
    page.more = true;
  }
  std::stable_sort(page.members.begin(), page.members.end(),
                   [](const DueMember& a, const DueMember& b) { return a.place < b.place; });
  const auto same = [](const DueMember& a, const DueMember& b) { return a.place == b.place; };
  page.members.erase(std::unique(page.members.begin(), page.members.end(), same),
                     page.members.end());
  if (page.more) {
    std::erase_if(page.members, [&](const DueMember& due) { return page.reached < due.place; });
  }
  return {};
}

void Timers::turned(Day today) {
  const auto last = days_.upper_bound(today);
  for (auto at = days_.begin(); at != last; ++at) entries_ -= at->second.entries.size();
  days_.erase(days_.begin(), last);
  turned_to_ = today;
  everybody_.clear();
}

std::size_t Timers::bytes() const {
  return days_.capacity() * sizeof(decltype(days_)::value_type) +
         (2 * entries_ + everybody_.capacity()) * sizeof(Entry);
}

}  // namespace fealty::runtime
