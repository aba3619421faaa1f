// Members: records and turns of the clock.
#include <algorithm>
#include <array>

#include "fealty/base/hash.hpp"
#include "fealty/runtime/members.hpp"

namespace fealty::runtime {
namespace {

/// So many records and their members stay in a core's own cache between two looks at them.
constexpr std::size_t run_records = 512;
constexpr std::size_t prefetch_record_ahead = 80;
constexpr std::size_t prefetch_index_ahead = 64;
constexpr std::size_t prefetch_candidate_ahead = 32;
constexpr std::size_t prefetch_text_ahead = 16;
constexpr std::size_t prefetch_member_ahead = 48;
constexpr std::size_t prefetch_window_ahead = 16;
/// What an event that touches no money reads of a member.
constexpr std::size_t hot_bytes = std::size_t{5} * 64;

/// Whether an event of this type reads more than that: what moves points, as a rule.
constexpr bool reads_money(event::Type type) {
  return type != event::Type::view && type != event::Type::click && type != event::Type::login;
}

void prefetch(const DecodedRecord& record) {
  const char* at = reinterpret_cast<const char*>(&record);
  for (std::size_t line = 0; line < sizeof record; line += 64) __builtin_prefetch(at + line);
}

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
    if (auto applied = apply_run(batch, out); !applied) return applied.error();
  }
}

Members::Held Members::owner_of(const DecodedRecord& record) const {
  std::uint32_t partition = record.raw->partition;
  if (partition == ports::unassigned_partition) {
    partition =
        record.decoded ? partition_of(record.event.member_hash, options_.file_partitions) : 0;
  }
  return partition < partitions_.size() && !record.withdrawn ? partitions_[partition] : Held{};
}

/// First all members of the run are found, so that memory and store are waited for together; then
/// the records are applied in their order.
Result<void> Members::apply_run(DecodedBatch& batch, ports::OutputBuffer& out) {
  const auto run =
      batch.records.subspan(batch.at, std::min(run_records, batch.records.size() - batch.at));
  if (auto found = find_members(run); !found) return found.error();
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (i + prefetch_member_ahead < run.size()) {
      const Found& ahead = found_[i + prefetch_member_ahead];
      if (ahead.slot != no_slot) cache_.prefetch_member(ahead.slot, ahead.bytes_read);
    }
    if (i + prefetch_window_ahead < run.size()) {
      const Found& ahead = found_[i + prefetch_window_ahead];
      if (ahead.bytes_read > hot_bytes && ahead.slot != no_slot) {
        const member::Record& record = cache_.member(ahead.slot).record;
        record.deliveries.prefetch();
        if (!record.qualifying.empty()) __builtin_prefetch(&record.qualifying.back());
      }
    }
    const auto gone_on = apply_record(run[i], found_[i], out);
    if (!gone_on) return gone_on.error();
    if (*gone_on) ++batch.at;
    if (!turns_.empty()) return {};
  }
  return {};
}

/// Whose member the record's is, and what it is found by.
void Members::name_member(const DecodedRecord& record, Found& found) const {
  found.held = owner_of(record);
  if (!record.decoded || found.held.partition == nullptr) return;
  found.key = MemberCache::key_of(record.member_key, found.held.partition->number());
}

Result<void> Members::find_members(std::span<const DecodedRecord> run) {
  found_.assign(run.size(), Found{});
  bool any_missing = false;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (i + prefetch_record_ahead < run.size()) prefetch(run[i + prefetch_record_ahead]);
    if (i + prefetch_index_ahead < run.size()) {
      Found& ahead = found_[i + prefetch_index_ahead];
      name_member(run[i + prefetch_index_ahead], ahead);
      if (ahead.held.partition != nullptr) cache_.prefetch_index(ahead.key);
    }
    if (i < prefetch_index_ahead) name_member(run[i], found_[i]);
    if (i + prefetch_candidate_ahead < run.size() && i >= prefetch_candidate_ahead) {
      const Found& ahead = found_[i + prefetch_candidate_ahead];
      if (ahead.held.partition != nullptr) cache_.prefetch_candidate(ahead.key);
    }
    if (i + prefetch_text_ahead < run.size()) {
      const event::Event& near = run[i + prefetch_text_ahead].event;
      __builtin_prefetch(near.member.data());
      __builtin_prefetch(near.id.data());
      __builtin_prefetch(run[i + prefetch_text_ahead].raw);
    }
    Found& found = found_[i];
    if (!run[i].decoded || found.held.partition == nullptr) continue;
    const std::uint32_t number = found.held.partition->number();
    const event::Event& event = run[i].event;
    found.slot = cache_.find(found.key, number, event.member);
    found.bytes_read = reads_money(event.type) ? sizeof(CachedMember) : hot_bytes;
    if (found.slot != no_slot) continue;
    found.slot = cache_.insert(found.key, number, event.member);
    found.inserted = any_missing = true;
  }
  return any_missing ? load_missing() : Result<void>{};
}

/// Partition by partition, each with one read.
Result<void> Members::load_missing() {
  for (std::size_t i = 0; i < found_.size(); ++i) {
    if (!found_[i].inserted) continue;
    MemberPartition& partition = *found_[i].held.partition;
    std::vector<Slot> missing;
    for (std::size_t k = i; k < found_.size(); ++k) {
      if (!found_[k].inserted || found_[k].held.partition != &partition) continue;
      missing.push_back(found_[k].slot);
      found_[k].inserted = false;
    }
    if (auto loaded = partition.load(missing); !loaded) return loaded;
  }
  return {};
}

/// True where the record is done with; else a turn of the clock comes before it.
Result<bool> Members::apply_record(DecodedRecord& record, const Found& found,
                                   ports::OutputBuffer& out) {
  if (found.held.partition == nullptr) return true;
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
  const bool astray =
      record.decoded && key_check_.astray(*record.raw, record.event, context_.source);
  if (astray) partition.count_astray(offset);
  const ports::Recorded* const recorded = record.raw->recorded;
  if (recorded != nullptr && recorded->advance) {
    timeline.advanced(offset, *recorded->advance);
  } else if (astray && key_check_.refuses()) {
    partition.reject(record, Error{Errc::wrong_partition, "key"}, out);
  } else if (record.decoded && !timely(*record.raw, record.event, timeline)) {
    partition.reject(record, Error{Errc::time_in_future, "time"}, out);
  } else if (!record.decoded) {
    partition.reject(record, record.error, out);
  } else if (partition.begun(offset)) {
    if (auto applied = partition.apply(record, found.slot, out); !applied) return applied.error();
  }
  if (timeline.passed(offset)) {
    begin_turn(group);
    const auto turned = turn(group, out);
    if (!turned) return turned;
  }
  if (timeline.recovering()) catch_up(group);
  return true;
}

/// Whether the event's time is to be believed: by the time at which the broker took it, else by
/// this machine's, and by the clock of the log.
bool Members::timely(const ports::InputRecord& raw, const event::Event& event,
                     Timeline& timeline) const {
  if (raw.recorded != nullptr && raw.recorded->refused) return false;
  if (options_.future_ms_max > 0) {
    const std::int64_t time_ms = event.time.time_since_epoch().count();
    if (raw.append_time) {
      if (time_ms - raw.timestamp_ms > options_.future_ms_max) return false;
    } else if (raw.recorded == nullptr) {  // Else that was decided when it was recorded.
      const std::int64_t ahead_ms = time_ms - now_.wall.time_since_epoch().count();
      if (timeline.refused(raw.offset, ahead_ms > options_.future_ms_max)) return false;
    }
  }
  return timeline.believes(event);
}

void Members::begin_turn(TimelineGroup& group) {
  group.timeline->begin_turn();
  turns_.push_back(&group);
}

/// A page of the turn under way; true where that was the last.
Result<bool> Members::turn(TimelineGroup& group, ports::OutputBuffer& out) {
  group.touched = true;
  const auto done =
      turn_page(group, cache_, context_.topology.next_switch, options_.turn_members, out);
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
  if (options_.tick_after_idle.count() == 0 || context_.source.one_clock()) return false;
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
    if (context_.topology.day(wall) <= group->timeline->today()) continue;
    group->timeline->tick(wall);
    begin_turn(*group);
    any = true;
  }
  return any;
}

}  // namespace fealty::runtime
