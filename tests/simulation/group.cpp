#include "group.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"

namespace fealty::simulation {

void Group::enter(Member& member) {
  member.known = true;
  member.lost = false;
  member.last_beat = member.last_poll = world_.now();
  due_ = true;
}

Group::MemberId Group::join(const std::string& instance) {
  const MemberId id = members_.size();
  Member& made = members_.emplace_back();
  made.instance = instance;
  enter(made);
  if (instance.empty()) return id;
  for (MemberId other = 0; other < id; ++other) {
    Member& before = members_[other];
    if (!before.known || before.instance != instance) continue;
    // The place is taken over as it is, without a rebalance.
    before.known = false;
    before.fenced = true;
    GroupEvent given{GroupEvent::Kind::assign, {}};
    for (std::uint32_t p = 0; p < owners_.size(); ++p) {
      if (owners_[p] != other) continue;
      owners_[p] = id;
      revoking_.erase(p);
      given.partitions.push_back(p);
    }
    made.generation = generation_;
    if (!given.partitions.empty()) made.events.push_back(std::move(given));
  }
  return id;
}

void Group::leave(MemberId id) {
  died(id);
  if (members_[id].known && members_[id].instance.empty()) expel(id);
}

void Group::died(MemberId id) {
  members_[id].ended = true;
  members_[id].running = false;
}

void Group::expel(MemberId id) {
  Member& member = members_[id];
  member.known = false;
  for (std::uint32_t p = 0; p < owners_.size(); ++p) {
    if (owners_[p] != id) continue;
    owners_[p] = nobody;
    revoking_.erase(p);
  }
  ++generation_;
  due_ = true;
}

std::optional<GroupEvent> Group::next_event(MemberId id) {
  Member& member = members_[id];
  if (member.events.empty()) return std::nullopt;
  GroupEvent event = std::move(member.events.front());
  member.events.pop_front();
  if (event.kind == GroupEvent::Kind::assign) {
    member.held.insert(event.partitions.begin(), event.partitions.end());
  }
  return event;
}

void Group::let_go(MemberId id, std::span<const std::uint32_t> partitions) {
  Member& member = members_[id];
  for (const std::uint32_t p : partitions) {
    member.held.erase(p);
    if (owners_[p] != id) continue;
    owners_[p] = nobody;
    revoking_.erase(p);
    due_ = true;
  }
  if (member.lost && member.held.empty() && !member.fenced) enter(member);
}

void Group::commit(std::uint32_t partition, GroupOffset offset) {
  auto& all = ticks_[partition];
  all.insert(all.end(), offset.ticks.begin(), offset.ticks.end());
  offsets_[partition] = std::move(offset);
}

const GroupOffset* Group::offset_of(std::uint32_t partition) const {
  const auto at = offsets_.find(partition);
  return at == offsets_.end() ? nullptr : &at->second;
}

bool Group::empty() const {
  return std::none_of(members_.begin(), members_.end(), [](const Member& m) { return m.known; });
}

bool Group::deserted() const {
  return std::all_of(members_.begin(), members_.end(), [](const Member& m) { return m.ended; });
}

/// What the client of a running member hears in the background.
void Group::learn(Member& member) {
  if (!member.known && !member.fenced && !member.lost && !member.ended) {
    // The coordinator does not know it any more.
    member.lost = true;
    member.coming.clear();
    member.events.clear();
    if (member.held.empty()) {
      enter(member);
    } else {
      member.events.push_back({GroupEvent::Kind::lost, {member.held.begin(), member.held.end()}});
    }
  }
  if (!member.known) return;
  member.generation = generation_;
  std::move(member.coming.begin(), member.coming.end(), std::back_inserter(member.events));
  member.coming.clear();
}

void Group::tick() {
  const Millis now = world_.now();
  bool all_there = true;
  for (MemberId id = 0; id < members_.size(); ++id) {
    Member& member = members_[id];
    if (member.ended && !member.known) continue;
    const bool polls = now - member.last_poll <= times_.poll_interval_max;
    if (member.running && polls && member.known) member.last_beat = now;
    if (member.known && now - member.last_beat > times_.session_timeout) expel(id);
    if (member.running && world_.one_in(3)) learn(member);
    all_there = all_there && (!member.known || (member.running && polls));
  }
  if (due_ && all_there && world_.one_in(6)) rebalance();
}

/// Who is to have which partition: as it is, evened out.
std::vector<Group::MemberId> Group::targets() {
  std::vector<MemberId> there;
  for (MemberId id = 0; id < members_.size(); ++id) {
    if (members_[id].known) there.push_back(id);
  }
  if (there.empty()) return {};
  std::vector<MemberId> targets = owners_;
  if (shuffle_) {
    for (MemberId& target : targets) {
      if (target == nobody || world_.one_in(2)) target = there[world_.pick(there.size())];
    }
    return targets;
  }
  std::map<MemberId, std::size_t> shares;
  for (const MemberId id : there) shares[id] = 0;
  for (const MemberId target : targets) {
    if (target != nobody) ++shares[target];
  }
  const auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
  for (MemberId& target : targets) {
    if (target != nobody) continue;
    const auto least = std::min_element(shares.begin(), shares.end(), fewer);
    target = least->first;
    ++least->second;
  }
  for (MemberId& target : targets) {
    const auto least = std::min_element(shares.begin(), shares.end(), fewer);
    if (shares[target] <= least->second + 1) continue;
    --shares[target];
    target = least->first;
    ++least->second;
  }
  return targets;
}

void Group::rebalance() {
  const std::vector<MemberId> wanted = targets();
  due_ = shuffle_ = false;
  if (wanted.empty()) return;
  ++generation_;
  std::map<MemberId, GroupEvent> given, taken;
  for (std::uint32_t p = 0; p < owners_.size(); ++p) {
    if (owners_[p] == nobody) {
      owners_[p] = wanted[p];
      given[owners_[p]].partitions.push_back(p);
    } else if (owners_[p] != wanted[p] && revoking_.insert(p).second) {
      taken[owners_[p]].partitions.push_back(p);
    }
  }
  for (auto& [id, event] : taken) {
    event.kind = GroupEvent::Kind::revoke;
    members_[id].coming.push_back(std::move(event));
  }
  for (auto& [id, event] : given) {
    event.kind = GroupEvent::Kind::assign;
    members_[id].coming.push_back(std::move(event));
  }
}

}  // namespace fealty::simulation
