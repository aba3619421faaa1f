#include "fealty/runtime/lane.hpp"

#include <algorithm>

namespace fealty::runtime {
namespace {

constexpr std::size_t prefetch_record_ahead = 16;
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

bool has_member(const Found& found) {
  return found.held.partition != nullptr && found.record->decoded;
}

/// Partition by partition, each with one read.
Result<void> load_missing(std::span<Found> run) {
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (!run[i].inserted) continue;
    MemberPartition& partition = *run[i].held.partition;
    std::vector<Slot> missing;
    for (Found& found : run.subspan(i)) {
      if (!found.inserted || found.held.partition != &partition) continue;
      missing.push_back(found.slot);
      found.inserted = false;
    }
    if (auto loaded = partition.load(missing); !loaded) return loaded;
  }
  return {};
}

/// True where the record was an event that was accepted.
Result<bool> apply_one(const Found& found, ports::OutputBuffer& out) {
  MemberPartition& partition = *found.held.partition;
  const DecodedRecord& record = *found.record;
  if (!record.decoded) {
    partition.reject(record, record.error, out);
    return false;
  }
  if (found.untimely) {
    partition.reject(record, Error{Errc::time_in_future, "time"}, out);
    return false;
  }
  if (!partition.begun(record.raw->offset)) return false;
  const auto accepted = partition.apply(record, found.slot, out);
  if (accepted && *accepted) partition.settle(found.slot, record.raw->offset, out);
  return accepted;
}

}  // namespace

Lane::Lane(std::size_t cache_bytes, const Topology& topology, const MembersOptions& options,
           const FlushPolicy& flush, ports::Source& source,
           const std::vector<ports::Generation>& generations)
    : cache{cache_bytes},
      log{[this](std::size_t before, std::size_t now) { cache.hold(before, now); }},
      context{topology, options, flush, source, cache, log, generations, topology.applier()} {}

void Lane::Stretch::clear() {
  run.clear();
  out.clear();
  ends.clear();
  latest.reset();
}

Result<void> find_members(std::span<Found> run) {
  bool any_missing = false;
  for (std::size_t i = 0; i < run.size(); ++i) {
    if (i + prefetch_index_ahead < run.size()) {
      const Found& ahead = run[i + prefetch_index_ahead];
      if (has_member(ahead)) ahead.held.lane->cache.prefetch_index(ahead.key);
    }
    if (i + prefetch_candidate_ahead < run.size() && i >= prefetch_candidate_ahead) {
      const Found& ahead = run[i + prefetch_candidate_ahead];
      if (has_member(ahead)) ahead.held.lane->cache.prefetch_candidate(ahead.key);
    }
    if (i + prefetch_text_ahead < run.size()) {
      const DecodedRecord& near = *run[i + prefetch_text_ahead].record;
      __builtin_prefetch(near.event.member.data());
      __builtin_prefetch(near.event.id.data());
      __builtin_prefetch(near.raw);
    }
    Found& found = run[i];
    if (!has_member(found)) continue;
    const std::uint32_t number = found.held.partition->number();
    const event::Event& event = found.record->event;
    MemberCache& cache = found.held.lane->cache;
    found.slot = cache.find(found.key, number, event.member);
    found.bytes_read = reads_money(event.type) ? sizeof(CachedMember) : hot_bytes;
    if (found.slot != no_slot) continue;
    found.slot = cache.insert(found.key, number, event.member);
    found.inserted = any_missing = true;
  }
  return any_missing ? load_missing(run) : Result<void>{};
}

void prefetch_ahead(std::span<const DecodedRecord> run, std::size_t at) {
  if (at + prefetch_record_ahead >= run.size()) return;
  const char* const record = reinterpret_cast<const char*>(&run[at + prefetch_record_ahead]);
  for (std::size_t line = 0; line < sizeof(DecodedRecord); line += 64) {
    __builtin_prefetch(record + line);
  }
}

void prefetch_ahead(std::span<const Found> run, std::size_t at) {
  if (at + prefetch_member_ahead < run.size()) {
    const Found& ahead = run[at + prefetch_member_ahead];
    if (ahead.slot != no_slot) {
      ahead.held.lane->cache.prefetch_member(ahead.slot, ahead.bytes_read);
    }
  }
  if (at + prefetch_window_ahead < run.size()) {
    const Found& ahead = run[at + prefetch_window_ahead];
    if (ahead.bytes_read > hot_bytes && ahead.slot != no_slot) {
      const member::Record& record = ahead.held.lane->cache.member(ahead.slot).record;
      record.deliveries.prefetch();
      if (!record.qualifying.empty()) __builtin_prefetch(&record.qualifying.back());
    }
  }
}

void apply_stretch(Lane& lane) {
  Lane::Stretch& stretch = lane.stretch;
  stretch.outcome = find_members(stretch.run);
  for (std::size_t i = 0; stretch.outcome && i < stretch.run.size(); ++i) {
    prefetch_ahead(stretch.run, i);
    const Found& found = stretch.run[i];
    const auto accepted = apply_one(found, stretch.out);
    if (!accepted) {
      stretch.outcome = accepted.error();
    } else if (*accepted) {
      const EventTime time = found.record->event.time;
      stretch.latest = std::max(stretch.latest.value_or(time), time);
    }
    stretch.ends.push_back(stretch.out.items().size());
  }
}

}  // namespace fealty::runtime
