// Members: records and turns of the clock.
#include <algorithm>

#include "fealty/runtime/members.hpp"

namespace fealty::runtime {
namespace {

/// So many records and their members stay in a core's own cache between two looks at them.
constexpr std::size_t run_records = 512;

}  // namespace

Result<bool> Members::process(DecodedBatch& batch, ports::OutputBuffer& out) {
  now_.steady = options_.clock.steady();
  if (options_.future_ms_max > 0) now_.wall = options_.clock.wall();
  serve_reads();
  if (batch.at < batch.records.size()) key_check_.sample(*batch.records[batch.at].raw);
  const std::size_t at = batch.at;
  auto done = work_off(batch, out);
  if (options_.recovery_target.count() > 0 && !pace_.recovering()) {
    if (pace_.applied(batch.at - at, options_.clock.steady() - now_.steady)) set_distance();
  }
  return done;
}

Result<bool> Members::work_off(DecodedBatch& batch, ports::OutputBuffer& out) {
  while (true) {
    while (!turns_.empty()) {
      const auto done = turn(*turns_.front(), out);
      if (!done || !*done) return done;
    }
    if (batch.at == batch.records.size()) return true;
    std::size_t most = run_records;
    if (team_ && groups_.front()->timeline->quiet()) {
      const auto applied = apply_stretch(batch, out);
      if (!applied) return applied.error();
      if (*applied > 0) continue;
      most = 1;  // What stands between two stretches.
    }
    if (auto applied = apply_run(batch, most, out); !applied) return applied.error();
  }
}

Held Members::owner_of(const DecodedRecord& record) const {
  std::uint32_t partition = record.raw->partition;
  if (partition == ports::unassigned_partition) {
    partition =
        record.decoded ? partition_of(record.event.member_hash, options_.file_partitions) : 0;
  }
  return partition < partitions_.size() && !record.withdrawn ? partitions_[partition] : Held{};
}

/// First all members of the run are found, so that memory and store are waited for together; then
/// the records are applied in their order.
Result<void> Members::apply_run(DecodedBatch& batch, std::size_t most, ports::OutputBuffer& out) {
  const auto run = batch.records.subspan(batch.at, std::min(most, batch.records.size() - batch.at));
  found_.clear();
  for (std::size_t i = 0; i < run.size(); ++i) {
    prefetch_ahead(run, i);
    found_.push_back(name_member(run[i]));
  }
  if (auto found = find_members(found_); !found) return found.error();
  for (std::size_t i = 0; i < found_.size(); ++i) {
    prefetch_ahead(found_, i);
    const auto gone_on = apply_record(found_[i], out);
    if (!gone_on) return gone_on.error();
    if (*gone_on) ++batch.at;
    if (!turns_.empty()) return {};
  }
  return {};
}

/// Whose member the record's is, and what it is found by.
Found Members::name_member(DecodedRecord& record) const {
  Found found{.record = &record, .held = owner_of(record)};
  if (record.decoded && found.held.partition != nullptr) {
    found.key = MemberCache::key_of(record.member_key, found.held.partition->number());
  }
  return found;
}

/// True where the record is done with; else a turn of the clock comes before it.
Result<bool> Members::apply_record(const Found& found, ports::OutputBuffer& out) {
  if (found.held.partition == nullptr) return true;
  const DecodedRecord& record = *found.record;
  TimelineGroup& group = *found.held.group;
  Timeline& timeline = *group.timeline;
  MemberPartition& partition = *found.held.partition;
  const ports::Offset offset = record.raw->offset;
  if (offset < timeline.next()) return true;  // Delivered again after a seek.
  while (timeline.repeat(offset)) {
    begin_turn(group);
    const auto turned = turn(group, out);
    if (!turned) return turned;
    if (timeline.turn() != nullptr) return false;
  }
  group.touched = true;
  group.last_record = now_.steady;
  const bool astray = record.decoded && key_check_.astray(*record.raw, record.event, source_);
  if (astray) partition.count_astray(offset);
  const ports::Recorded* const recorded = record.raw->recorded;
  if (recorded != nullptr && recorded->advance) {
    timeline.advanced(offset, *recorded->advance);
  } else if (astray && key_check_.refuses()) {
    partition.reject(record, Error{Errc::wrong_partition, "key"}, out);
  } else if (record.decoded && in_future(*record.raw, record.event, timeline)) {
    partition.reject(record, Error{Errc::time_in_future, "time"}, out);
  } else if (!record.decoded) {
    partition.reject(record, record.error, out);
  } else if (partition.begun(offset)) {
    const auto accepted = partition.apply(record, found.slot, out);
    if (!accepted) return accepted;
    if (*accepted) {
      timeline.accepted(offset, record.event.time);
      partition.settle(found.slot, offset, out);
    }
  }
  if (timeline.passed(offset)) {
    begin_turn(group);
    const auto turned = turn(group, out);
    if (!turned) return turned;
  }
  if (timeline.recovering()) catch_up(group);
  return true;
}

/// Whether this machine's clock judges an event's time: nothing else did.
bool Members::by_this_machine(const ports::InputRecord& raw) const {
  // What was recorded was judged then.
  return options_.future_ms_max > 0 && !raw.append_time && raw.recorded == nullptr;
}

/// Whether the event's time is not to be believed: by the time at which the broker took it, else by
/// this machine's, and by the clock of the log.
bool Members::in_future(const ports::InputRecord& raw, const event::Event& event,
                        Timeline& timeline) const {
  if (raw.recorded != nullptr && raw.recorded->refused) return true;
  const std::int64_t time_ms = event.time.time_since_epoch().count();
  if (options_.future_ms_max > 0 && raw.append_time) {
    if (time_ms - raw.timestamp_ms > options_.future_ms_max) return true;
  } else if (by_this_machine(raw)) {
    const std::int64_t ahead_ms = time_ms - now_.wall.time_since_epoch().count();
    if (timeline.refused(raw.offset, ahead_ms > options_.future_ms_max)) return true;
  }
  return !timeline.believes(event);
}

void Members::begin_turn(TimelineGroup& group) {
  group.timeline->begin_turn();
  turns_.push_back(&group);
}

/// A page of the turn under way; true where that was the last.
Result<bool> Members::turn(TimelineGroup& group, ports::OutputBuffer& out) {
  group.touched = true;
  const auto done = turn_page(group, topology_.next_switch, options_.turn_members, out);
  if (!done || !*done) return done;
  std::erase(turns_, &group);
  catch_up(group);
  return true;
}

/// Where all that was committed is repeated, what was recorded at the very end of it is, too; then
/// the partition goes live.
void Members::catch_up(TimelineGroup& group) {
  Timeline& timeline = *group.timeline;
  if (!timeline.recovering() || timeline.next() < timeline.committed().offset) return;
  if (timeline.turn() != nullptr) return;
  if (timeline.repeat(timeline.next())) {
    begin_turn(group);
  } else {
    timeline.settle();
    end_recovery(group);
  }
}

/// A partition without events for a while has no clock but this machine's. A partition that is
/// merely behind has one: its events.
Result<bool> Members::advance() {
  if (options_.tick_after_idle.count() == 0 || source_.one_clock()) return false;
  const auto steady = options_.clock.steady();
  const EventTime wall = options_.clock.wall();
  bool any = false;
  for (const auto& group : groups_) {
    if (!group->ready() || group->timeline->recovering() || group->timeline->turn() != nullptr) {
      continue;
    }
    if (steady - group->last_record < options_.tick_after_idle) continue;
    // Timers are counted in days: a tick within the same day would change nothing, and where
    // nothing was seen yet nothing falls due.
    if (group->timeline->today() < 0) continue;
    if (topology_.day(wall) <= group->timeline->today()) continue;
    group->timeline->tick(wall);
    begin_turn(*group);
    any = true;
  }
  return any;
}

}  // namespace fealty::runtime
