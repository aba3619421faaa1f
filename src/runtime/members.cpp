#include "fealty/runtime/members.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "fealty/log/log.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t refused_max = 1024;

/// The members of a cache in the order of their ids.
class Sorted {
 public:
  explicit Sorted(const MemberCache& cache) : cache_{&cache}, slots_{cache.sorted_by_id()} {}
  [[nodiscard]] bool done() const { return at_ == slots_.size(); }
  [[nodiscard]] const member::Record& record() const { return cache_->member(slots_[at_]).record; }
  void next() {
    constexpr std::size_t prefetch_ahead = 24;
    if (++at_ + prefetch_ahead < slots_.size()) {
      cache_->prefetch_member(slots_[at_ + prefetch_ahead], sizeof(CachedMember));
    }
  }

 private:
  const MemberCache* cache_;
  std::vector<Slot> slots_;
  std::size_t at_ = 0;
};

bool named(std::span<const std::uint32_t> partitions, std::uint32_t partition) {
  return std::find(partitions.begin(), partitions.end(), partition) != partitions.end();
}

}  // namespace

Flush::Share Flush::share_of(std::uint32_t partition) const {
  return partitions.empty() || named(partitions, partition) ? share : Share::due;
}

Members::Members(const Topology& topology, ports::Source& source, ports::Changelog* changelog,
                 ports::MemberStores& stores, MembersOptions options)
    : options_{std::move(options)},
      flush_{options_.flush},
      pace_{options_.recovery_target},
      generations_{options_.generations},
      topology_{topology},
      source_{source},
      changelog_{changelog},
      stores_{stores},
      key_check_{options_.key_policy, options_.input_partitions} {
  const std::size_t lanes = source.one_clock() ? std::max<std::size_t>(options_.lanes, 1) : 1;
  for (std::size_t i = 0; i < lanes; ++i) {
    lanes_.push_back(std::make_unique<Lane>(options_.cache_bytes / lanes, topology_, options_,
                                            flush_, source_, generations_));
  }
  if (lanes > 1) team_.emplace(lanes);
}

Members::~Members() { close(); }

void Members::close() {
  reads_.close();
  partitions_.clear();
  turns_.clear();
  groups_.clear();
}

Result<void> Members::assign(std::span<const ports::Assignment> partitions) {
  const bool shared = source_.one_clock();
  for (const ports::Assignment& assignment : partitions) {
    if (!shared || groups_.empty()) groups_.push_back(std::make_unique<TimelineGroup>());
    TimelineGroup& group = *groups_.back();
    group.fresh = assignment.fresh;
    group.openings.emplace_back(assignment, nullptr, stores_, changelog_);
    if (assignment.partition >= partitions_.size()) {
      partitions_.resize(assignment.partition + 1);
    }
  }
  return {};
}

Result<bool> Members::open(std::chrono::milliseconds budget) {
  const auto waits = [](const auto& group) { return !group->ready(); };
  const auto left = std::count_if(groups_.begin(), groups_.end(), waits);
  if (left == 0) return false;
  bool any_ready = false;
  constexpr std::chrono::milliseconds none{0};
  const Opening* const alone = filling();
  for (const auto& group : groups_) {
    if (group->ready()) continue;
    bool done = true;
    for (Opening& opening : group->openings) {
      if (opening.done()) continue;
      const bool waits_for_another = alone != nullptr && alone != &opening;
      if (waits_for_another && !opening.finishing()) {
        done = false;
        continue;
      }
      const auto share = alone == nullptr ? budget / left : waits_for_another ? none : budget;
      const auto stepped = opening.step(share, lane_of(opening.partition()).context);
      if (!stepped) return stepped.error();
      done = done && *stepped;
    }
    if (!done) continue;
    if (auto begun = ready(*group); !begun) return begun.error();
    any_ready = true;
  }
  if (any_ready && on_opened) {
    if (auto told = on_opened(); !told) return told.error();
  }
  return std::any_of(groups_.begin(), groups_.end(), waits);
}

/// Those with little to restore come in turns, which mostly are waits for brokers; one with much
/// goes before the others, so that some members are back early and memory makes few large portions.
const Opening* Members::filling() const {
  for (const auto& group : groups_) {
    for (const Opening& opening : group->openings) {
      if (opening.fills()) return &opening;
    }
  }
  return nullptr;
}

/// All its partitions are restored: the timeline begins at the earliest of them.
Result<void> Members::ready(TimelineGroup& group) {
  // First what may fail: until then the group is as it was, and may be made ready later.
  for (const Opening& opening : group.openings) {
    const auto started = source_.start_at(opening.partition(), opening.from());
    if (!started) return started;
  }
  const auto first =
      std::min_element(group.openings.begin(), group.openings.end(),
                       [](const Opening& a, const Opening& b) { return a.from() < b.from(); });
  group.timeline =
      std::make_unique<Timeline>(options_.clock_jump_max, topology_.day, first->committed());
  if (first->checkpoint()) {
    group.timeline->begin(*first->checkpoint());
  } else {
    group.timeline->begin(first->from());
  }
  adopt_further(*group.timeline);
  std::deque<Opening> openings;
  openings.swap(group.openings);
  for (Opening& opening : openings) {
    opening.log_opened();
    const std::uint32_t number = opening.partition();
    Lane& lane = lane_of(number);
    auto& partition = group.partitions.emplace_back(std::make_unique<MemberPartition>(
        number, lane.context, opening.take_store(), *group.timeline, opening.from()));
    if (opening.checkpoint()) partition->timers().turned(opening.checkpoint()->turned_to);
    partitions_[number] = {partition.get(), &group, &lane};
  }
  group.last_record = options_.clock.steady();
  group.repeats = true;
  pace_.begin(group.timeline->committed().offset - group.timeline->next(), group.last_record);
  set_distance();
  if (group.timeline->today() >= 0)
    begin_turn(group);
  else
    catch_up(group);
  return {};
}

void Members::end_recovery(TimelineGroup& group) {
  if (end_repetition(group)) set_distance();
}

/// False where it had ended before.
bool Members::end_repetition(TimelineGroup& group) {
  if (!std::exchange(group.repeats, false)) return false;
  const auto now = options_.clock.steady();
  pace_.end(now);
  if (!pace_.recovering() && pace_.events() > 0) {
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(pace_.took(now));
    log::info("worker.recovered", {{"events", pace_.events()},
                                   {"took_ms", std::int64_t{took.count()}},
                                   {"events_per_s_next", pace_.events_per_s()}});
  }
  return true;
}

/// Of each partition, as all of them are repeated together.
void Members::set_distance() {
  const auto ready = std::count_if(groups_.begin(), groups_.end(),
                                   [](const auto& group) { return group->ready(); });
  const std::uint64_t each =
      pace_.events_max() / static_cast<std::uint64_t>(std::max<long>(ready, 1));
  flush_.distance_events =
      std::min(options_.flush.distance_events, std::max<std::uint64_t>(each, 1));
}

void Members::adopt_further(Timeline& timeline) const {
  for (const ports::Generation& one : generations_) {
    const auto& adopted = timeline.generations();
    if (!adopted.empty() && one.version <= adopted.back().version) continue;
    timeline.adopt(one);
    log::info("program.adopted", {{"version", one.version}, {"position", timeline.next()}});
  }
}

Result<void> Members::may_adopt(const std::vector<ports::Generation>& generations) const {
  for (const auto& group : groups_) {
    if (!group->ready()) continue;  // It is checked when it is.
    const auto& adopted = group->timeline->generations();
    for (const ports::Generation& one : generations) {
      if (!adopted.empty() && one.version <= adopted.back().version) continue;
      if (auto ahead = is_ahead(one, adopted, group->timeline->today()); !ahead) return ahead;
    }
  }
  return {};
}

void Members::adopt(const std::vector<ports::Generation>& generations) {
  generations_ = generations;
  for (const auto& group : groups_) {
    if (!group->ready()) continue;
    adopt_further(*group->timeline);
    group->touched = true;
  }
}

void Members::prepare(const Flush& flush, ports::OutputBuffer& out,
                      std::vector<ports::CommitPosition>& positions) {
  const auto now = options_.clock.steady();
  std::size_t room = options_.flush.bytes_max;
  for (const auto& group : groups_) {
    if (!group->ready()) continue;
    const bool wanted =
        group->touched ||
        std::any_of(group->partitions.begin(), group->partitions.end(), [&](const auto& partition) {
          Saves& saves = partition->saves();
          const bool asked = flush.share_of(partition->number()) != Flush::Share::due;
          return (asked && !saves.queue().empty()) || saves.due(now);
        });
    if (!wanted) continue;
    group->touched = false;
    group->in_flight = true;
    const bool long_list = group->timeline->refused_count() > refused_max;
    for (const auto& partition : group->partitions) {
      const auto share = long_list ? Flush::Share::all : flush.share_of(partition->number());
      positions.push_back(partition->prepare(share, room, out));
    }
  }
  reads_.prepared();
}

Result<void> Members::committed(std::span<const ports::CommitPosition> positions) {
  reads_.committed();
  std::vector<ports::MemberStores::Save> saves;
  for (const ports::CommitPosition& position : positions) {
    const Held& held = partitions_.at(position.partition);
    check(held.partition != nullptr, "a commit is taken before its partitions go");
    held.group->fresh = false;
    held.group->in_flight = false;
    held.group->timeline->set_committed(from_note(position.committed, position.note));
    saves.push_back({&held.partition->store(), &held.partition->committed(position)});
  }
  if (saves.empty()) return {};
  if (auto kept = stores_.save(saves); !kept) return kept;
  const std::size_t blocks_kept =
      std::max<std::size_t>(1, ports::SavedBatch::blocks_kept_default / positions.size());
  for (const ports::CommitPosition& position : positions) {
    partitions_[position.partition].partition->saved(blocks_kept);
  }
  return {};
}

bool Members::unsaved(const Flush& flush) const {
  const auto now = options_.clock.steady();
  for (const auto& group : groups_) {
    for (const auto& partition : group->partitions) {
      Saves& saves = partition->saves();
      const bool all = flush.share_of(partition->number()) == Flush::Share::all;
      const bool asked = flush.partitions.empty() || named(flush.partitions, partition->number());
      if ((all && !saves.queue().empty()) || (asked && saves.due(now))) return true;
    }
  }
  return false;
}

bool Members::repeats() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const auto& group) {
    return !group->ready() || group->timeline->recovering();
  });
}

bool Members::over_budget() {
  for (const auto& lane : lanes_) lane->cache.shrink();
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->cache.over(); });
}

void Members::revoke(std::span<const std::uint32_t> partitions, bool lost) {
  std::erase_if(groups_, [&](const std::unique_ptr<TimelineGroup>& group) {
    check(group->partitions.empty() != group->openings.empty(),
          "a group's partitions are being opened, or they are open");
    const std::uint32_t number = group->openings.empty() ? group->partitions.front()->number()
                                                         : group->openings.front().partition();
    if (!named(partitions, number)) return false;
    for (const auto& partition : group->partitions) {
      given_away_.add(lost ? partition->committed_counters() : partition->counters());
      partitions_[partition->number()] = {};
    }
    std::erase(turns_, group.get());
    end_repetition(*group);
    group->partitions.clear();
    lane_of(number).cache.drop_partition(number);
    log::info("partition.closed", {{"partition", number}, {"lost", lost ? 1 : 0}});
    return true;
  });
  set_distance();
  reads_.look_again();
}

Result<void> Members::restart() {
  turns_.clear();
  for (const auto& group : groups_) {
    if (!group->ready()) continue;  // It has nothing to lose.
    const CommittedTo committed = group->timeline->committed();
    for (const auto& partition : group->partitions) {
      given_away_.add(partition->committed_counters());
      const std::uint32_t number = partition->number();
      partitions_[number] = {};
      group->openings.emplace_back(
          ports::Assignment{number, committed.offset, group->fresh, to_note(committed)},
          partition->close(), stores_, changelog_);
      lane_of(number).cache.drop_partition(number);
    }
    end_recovery(*group);
    group->partitions.clear();
    group->timeline.reset();
    group->touched = group->in_flight = false;
  }
  reads_.look_again();
  return {};
}

Counters Members::counters() const {
  Counters sum = given_away_;
  for (const auto& group : groups_) {
    for (const auto& partition : group->partitions) sum.add(partition->counters());
  }
  return sum;
}

bool Members::holds_every_member() const {
  return std::none_of(partitions_.begin(), partitions_.end(), [](const Held& held) {
    return held.partition != nullptr && held.partition->store_has_more();
  });
}

Result<void> Members::visit_members(
    const std::function<Result<void>(const member::Record&)>& visit) const {
  std::vector<Sorted> left;
  for (const auto& lane : lanes_) {
    left.emplace_back(lane->cache);
    if (left.back().done()) left.pop_back();
  }
  while (!left.empty()) {
    const auto first = std::min_element(left.begin(), left.end(), [](const auto& a, const auto& b) {
      return a.record().id < b.record().id;
    });
    if (first->record().last_day >= 0) {  // Else only refused events named it.
      if (auto visited = visit(first->record()); !visited) return visited;
    }
    first->next();
    if (first->done()) left.erase(first);
  }
  return {};
}

Members::Memory Members::memory() const {
  Memory sum;
  for (const auto& lane : lanes_) {
    sum.members += lane->cache.size();
    sum.bytes += lane->cache.bytes();
    sum.evictions += lane->cache.evictions();
  }
  return sum;
}

std::vector<ports::MemberStore*> Members::stores() const {
  std::vector<ports::MemberStore*> stores;
  for (const Held& held : partitions_) {
    if (held.partition != nullptr) stores.push_back(&held.partition->store());
  }
  return stores;
}

EventTime Members::clock() const {
  EventTime latest{};
  for (const auto& group : groups_) {
    if (group->timeline) latest = std::max(latest, group->timeline->now());
  }
  return latest;
}

const Timeline* Members::timeline(std::uint32_t partition) const {
  if (partition >= partitions_.size()) return nullptr;
  const TimelineGroup* const group = partitions_[partition].group;
  return group == nullptr ? nullptr : group->timeline.get();
}

}  // namespace fealty::runtime
