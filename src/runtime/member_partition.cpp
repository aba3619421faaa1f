#include "fealty/runtime/member_partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/codec/encode.hpp"
#include "fealty/log/log.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::runtime {
namespace {

/// Whether an event of this type may change the size of a record without leaving effects.
constexpr bool touches_lists(event::Type type) {
  return type != event::Type::view && type != event::Type::click && type != event::Type::login &&
         type != event::Type::review;
}

}  // namespace

MemberPartition::MemberPartition(std::uint32_t number, const MembersContext& context,
                                 std::unique_ptr<ports::MemberStore> store, Timeline& timeline,
                                 ports::Offset from)
    : number_{number},
      context_{context},
      store_{std::move(store)},
      timeline_{timeline},
      from_{from},
      at_open_{store_->empty(), context.cache.evictions()},
      timers_{context.cache, number, context.topology.next_switch},
      unsaved_{*store_, context.cache, context.log},
      rows_{*store_, unsaved_, context.cache},
      saves_{number, context, *store_, timeline, unsaved_},
      emitter_{context.topology.outputs, number} {}

MemberPartition::~MemberPartition() { context_.cache.hold(timers_counted_, 0); }

Result<void> MemberPartition::load(std::span<const Slot> inserted) {
  if (inserted.empty() || !store_has_more()) return {};
  // Copies: the store replaces each record, its id included.
  std::vector<std::string> ids;
  std::vector<member::Record*> records;
  ids.reserve(inserted.size());
  records.reserve(inserted.size());
  for (const Slot slot : inserted) {
    CachedMember& member = context_.cache.member(slot);
    ids.push_back(member.record.id);
    records.push_back(&member.record);
  }
  const std::vector<std::string_view> names{ids.begin(), ids.end()};
  if (auto loaded = store_->load(names, records); !loaded) return loaded.error();
  for (const Slot slot : inserted) {
    CachedMember& member = context_.cache.member(slot);
    member.stored_due = member.record.due();
    context_.cache.recount(member);
  }
  return {};
}

Result<bool> MemberPartition::apply(const DecodedRecord& record, Slot slot,
                                    ports::OutputBuffer& out) {
  CachedMember& member = context_.cache.member(slot);
  const event::Event& event = record.event;
  const ports::Offset offset = record.raw->offset;
  member.used = 1;
  if (offset < member.record.as_of) return false;  // Recovery: the saved version holds it already.

  const bool silent = timeline_.silent(offset);
  if (member.record.due() <= timeline_.today()) announce(slot, silent, out);
  const bool money = event::touches_money(event.type);
  const auto rows = money ? rows_.find(event, slot, saves_.rows_in_flight(member))
                          : Result<const member::Rows*>{rows_.none()};
  if (!rows) return rows.error();

  effects_.clear();
  const auto level_before = member.record.level.level;
  const bool is_new = member.record.last_day < 0;
  const program::Outcome outcome =
      context_.applier->apply(member.record, event, record.raw->first_offset(), **rows, effects_);
  if (outcome.verdict == program::Verdict::refused) {
    reject(record, Error{outcome.reason, outcome.field}, out);
    return false;
  }
  Counters& counters = emitter_.counters();
  if (outcome.verdict == program::Verdict::duplicate) {
    counters.records += silent ? 0 : 1;
    counters.duplicates += silent ? 0 : 1;
    return false;
  }
  saves_.changed(slot, member);
  if (silent) {
    ++counters.recovered;
  } else {
    ++counters.records;
    ++counters.applied;
    if (is_new) emitter_.count_new_member();
    emitter_.count_level(level_before, member.record.level.level);
    if (counters.first_time == EventTime{} || event.time < counters.first_time) {
      counters.first_time = event.time;
    }
    counters.last_time = std::max(counters.last_time, event.time);
    if (!record.odd.empty()) count_odd(record);
    emitter_.emit(effects_, member.record.id, out);
  }
  const bool grew = !effects_.entries.empty() || effects_.order || touches_lists(event.type);
  if (money) rows_.note_left(member, effects_);
  keep(slot, member);
  if (grew || is_new) context_.cache.recount(member);
  return true;
}

void MemberPartition::settle(Slot slot, ports::Offset offset, ports::OutputBuffer& out) {
  CachedMember& member = context_.cache.member(slot);
  if (member.record.due() <= timeline_.today()) announce(slot, timeline_.silent(offset), out);
  timers_.add(slot, member);
}

/// What the effects leave to be saved.
void MemberPartition::keep(Slot slot, CachedMember& member) {
  for (const member::LedgerEntry& entry : effects_.entries) unsaved_.add(member, entry);
  for (const member::RowChange& change : effects_.rows) {
    if (change.what == member::RowChange::What::left) continue;
    unsaved_.add(slot, saves_.rows_in_flight(member), change, effects_);
  }
  effects_.clear();
}

void MemberPartition::announce(Slot slot, bool silent, ports::OutputBuffer& out) {
  CachedMember& member = context_.cache.member(slot);
  effects_.clear();
  const auto level_before = member.record.level.level;
  context_.topology.announce(member.record, timeline_.today(), effects_);
  saves_.changed(slot, member);
  timers_.add(slot, member);
  if (!silent) {
    emitter_.count_level(level_before, member.record.level.level);
    emitter_.emit(effects_, member.record.id, out);
  }
  keep(slot, member);
  context_.cache.recount(member);
}

void MemberPartition::count_odd(const DecodedRecord& record) {
  for (const codec::OddPath& path : record.odd) {
    if (!emitter_.counters().odd_fields.add(path)) continue;
    log::warn("mapping.odd_field", {{"path", context_.topology.path_of(path)},
                                    {"first_at", place_of(record)},
                                    {"partition", number_}});
  }
}

std::string MemberPartition::place_of(const DecodedRecord& record) const {
  const ports::Recorded* const from = record.raw->recorded;
  return from == nullptr ? context_.source.describe(number_, record.raw->offset)
                         : fmt::format("{}[{}]@{}", from->topic, from->partition, from->offset);
}

void MemberPartition::reject(const DecodedRecord& record, const Error& error,
                             ports::OutputBuffer& out) {
  const ports::Offset offset = record.raw->offset;
  if (timeline_.silent(offset)) return;
  Counters& counters = emitter_.counters();
  ++counters.records;
  if (error.code == Errc::unknown_type) {
    ++counters.skipped;
    return;
  }
  ++counters.deadlettered;
  codec::encode_deadletter(error, place_of(record), number_, record.raw->first_offset(),
                           record.raw->value,
                           out.start(context_.topology.outputs.deadletters, number_, {}));
  out.finish();
}

ports::CommitPosition MemberPartition::prepare(Flush::Share share, std::size_t& room,
                                               ports::OutputBuffer& out) {
  unsaved_.count();
  context_.cache.hold(timers_counted_, timers_.bytes());
  timers_counted_ = timers_.bytes();
  preparing_counters_ = emitter_.counters();
  return saves_.prepare(share, room, out);
}

ports::SavedBatch& MemberPartition::committed(const ports::CommitPosition& position) {
  committed_counters_ = preparing_counters_;
  return saves_.committed(position);
}

}  // namespace fealty::runtime
