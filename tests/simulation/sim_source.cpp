#include "sim_source.hpp"

#include <algorithm>
#include <utility>

#include "commit_mark.hpp"
#include "fealty/base/check.hpp"

namespace fealty::simulation {

std::string describe_record(std::uint32_t partition, ports::Offset offset) {
  return "sim[" + std::to_string(partition) + "]@" + std::to_string(offset);
}

void take_record(ports::InputBatch& batch, std::uint32_t partition, const LogRecord& record,
                 bool append_time) {
  constexpr std::size_t padding = 64;
  const auto copied = [&](const std::string& text, std::size_t spare) {
    char* const copy = batch.arena.allocate(text.size() + spare);
    std::copy(text.begin(), text.end(), copy);
    return std::string_view{copy, text.size()};
  };
  batch.records.push_back({.partition = partition,
                           .offset = record.offset,
                           .value = copied(record.value, padding),
                           .key = record.keyed ? copied(record.key, 1) : std::string_view{},
                           .headers = {},
                           .timestamp_ms = record.timestamp_ms,
                           .append_time = append_time});
}

SimSource::SimSource(Trouble& process, std::string instance, bool append_time)
    : process_{process},
      instance_{std::move(instance)},
      append_time_{append_time},
      partitions_(process.cluster().options().partitions) {}

Result<void> SimSource::open(ports::AssignmentListener& listener) {
  listener_ = &listener;
  member_ = group().join(instance_);
  process_.has_member(member_);
  return {};
}

Result<ports::Polled> SimSource::poll(ports::InputBatch& batch, std::size_t records_max,
                                      std::chrono::milliseconds timeout) {
  batch.clear();
  process_.at(records_max == 0 ? Call::serve : Call::poll);
  group().polled(member_);
  if (auto answered = answer_group(); !answered) return answered.error();
  if (records_max == 0) {
    if (timeout.count() > 0) process_.world().sleep(timeout.count());
    return ports::Polled::idle;
  }
  if (auto fetched = fetch(batch, records_max); !fetched) return fetched.error();
  if (!batch.records.empty()) return ports::Polled::records;
  if (timeout.count() > 0) process_.world().sleep(timeout.count());
  return ports::Polled::idle;
}

Result<void> SimSource::answer_group() {
  if (group().fenced(member_)) return Error{Errc::fenced, "simulated.instance", instance_};
  Result<void> outcome;
  while (auto event = group().next_event(member_)) {
    if (event->kind == GroupEvent::Kind::assign) {
      unannounced_.insert(unannounced_.end(), event->partitions.begin(), event->partitions.end());
      continue;
    }
    if (auto done = revoked(*event); !done && outcome) outcome = done;
  }
  if (outcome) outcome = announce();
  return outcome;
}

Result<void> SimSource::announce() {
  if (unannounced_.empty()) return {};
  const auto from = committed();
  if (!from) return {};
  unannounced_.clear();
  for (const auto& assignment : *from) partitions_.at(assignment.partition).owned = true;
  return listener_->on_assigned(*from);
}

/// Where the group stands in what is not announced yet; nullopt: that is not settled.
std::optional<std::vector<ports::Assignment>> SimSource::committed() {
  std::vector<ports::Assignment> out;
  for (const std::uint32_t p : unannounced_) {
    if (process_.cluster().transactions().unstable(p) &&
        process_.cluster().bug() != Bug::unstable_offsets_taken) {
      return std::nullopt;
    }
    if (const GroupOffset* const found = group().offset_of(p)) {
      const auto mark = kafka::parse_metadata(found->metadata);
      out.push_back({.partition = p,
                     .committed = found->offset,
                     .fresh = false,
                     .note = mark ? mark->note : std::string{}});
      continue;
    }
    PartitionLog& log = process_.cluster().topics().input(p);
    const bool latest = process_.cluster().options().start_latest;
    out.push_back({.partition = p, .committed = latest ? log.high() : log.low(), .fresh = true});
  }
  return out;
}

Result<void> SimSource::revoked(const GroupEvent& event) {
  const bool lost = event.kind == GroupEvent::Kind::lost;
  std::vector<std::uint32_t> going;
  for (const std::uint32_t p : event.partitions) {
    if (!partitions_.at(p).owned) continue;
    going.push_back(p);
    partitions_[p].owned = false;
  }
  std::erase_if(unannounced_, [&](std::uint32_t p) {
    return std::find(event.partitions.begin(), event.partitions.end(), p) != event.partitions.end();
  });
  Result<void> outcome;
  if (!going.empty()) outcome = listener_->on_revoked(going, lost);
  if (!outcome && !lost) static_cast<void>(listener_->on_revoked(going, true));
  for (const std::uint32_t p : going) {
    if (on_gone) on_gone(p);
  }
  for (const std::uint32_t p : event.partitions) partitions_[p].fetched = false;
  group().let_go(member_, event.partitions);
  return outcome;
}

Result<void> SimSource::start_at(std::uint32_t partition, ports::Offset from) {
  process_.at(Call::start_at);
  Partition& started = partitions_.at(partition);
  check(started.owned, "only what is assigned starts");
  PartitionLog& log = process_.cluster().topics().input(partition);
  if (from > log.high() || (from < log.low() && !outlived())) return gap(partition, from);
  if (started.fetched && process_.cluster().bug() == Bug::no_rewind) return {};
  started.next = from;
  started.fetched = true;
  return {};
}

/// Some of each partition in turn, beginning anywhere.
Result<void> SimSource::fetch(ports::InputBatch& batch, std::size_t records_max) {
  const std::size_t count = partitions_.size();
  const std::size_t first = process_.world().pick(count);
  const bool uncommitted = process_.cluster().bug() == Bug::open_transactions_read;
  for (std::size_t i = 0; i < count && batch.records.size() < records_max; ++i) {
    const auto p = static_cast<std::uint32_t>((first + i) % count);
    Partition& partition = partitions_[p];
    if (!partition.owned || !partition.fetched) continue;
    PartitionLog& log = process_.cluster().topics().input(p);
    if (partition.next < log.low()) {
      if (outlived()) continue;
      return gap(p, partition.next);
    }
    const Offset end = uncommitted ? log.high() : log.stable();
    std::size_t room = 1 + process_.world().pick(records_max - batch.records.size());
    for (; room > 0; --room) {
      const LogRecord* const record = log.next(partition.next, end);
      if (record == nullptr) break;
      take_record(batch, p, *record, append_time_);
      partition.next = record->offset + 1;
    }
  }
  return {};
}

/// Retention takes days: whose records are gone within seconds has lost its place before, and is
/// about to hear of it.
bool SimSource::outlived() { return !group().accepts(member_, group().generation(member_)); }

Error SimSource::gap(std::uint32_t partition, ports::Offset from) {
  PartitionLog& log = process_.cluster().topics().input(partition);
  return Error{Errc::input_gap, "simulated",
               describe_record(partition, from) + " is needed, held are " +
                   std::to_string(log.low()) + " to " + std::to_string(log.high())};
}

std::string SimSource::describe(std::uint32_t partition, ports::Offset offset) const {
  return describe_record(partition, offset);
}

}  // namespace fealty::simulation
