#include "fealty/runtime/task.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/codec/encode.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t recent_orders_max = std::size_t{16} * 1024;  // a power of two
constexpr std::size_t prefetch_index_ahead = 64;
constexpr std::size_t prefetch_candidate_ahead = 32;
constexpr std::size_t prefetch_text_ahead = 16;
constexpr std::size_t prefetch_member_ahead = 48;

/// What an event that touches no money reads of a member.
constexpr std::size_t hot_bytes = std::size_t{5} * 64;

/// Whether an event of this type reads more than that: what moves points, as a rule.
constexpr bool reads_money(event::Type type) {
  return type != event::Type::view && type != event::Type::click && type != event::Type::login;
}

/// Whether an event of this type may change the size of a record without leaving effects.
constexpr bool touches_lists(event::Type type) {
  return type != event::Type::view && type != event::Type::click && type != event::Type::login &&
         type != event::Type::review;
}

}  // namespace

Task::Task(std::uint32_t partition, const Topology& topology, ports::MemberStore& store,
           MemberCache& cache, TaskOptions options)
    : partition_{partition},
      topology_{topology},
      store_{store},
      cache_{cache},
      options_{std::move(options)},
      recent_orders_(recent_orders_max) {}

Task::~Task() { cache_.hold(log_bytes_held_, 0); }

Result<void> Task::open(ports::Offset committed, bool fresh) {
  const auto found = store_.checkpoint();
  if (!found) return found.error();
  store_was_empty_ = !found->has_value() && store_.empty();
  evictions_at_open_ = cache_.evictions();
  at_.committed = committed;
  if (!*found) {
    // Nothing saved yet. A group that has commits has state: it is computed again from the start.
    at_.recover_from = fresh ? committed : 0;
    at_.applied = at_.recover_from;
    return {};
  }
  const ports::Checkpoint& saved = **found;
  if (saved.program_id != options_.program_id ||
      saved.program_fingerprint != options_.program_fingerprint) {
    return Error{Errc::wrong_program, "state",
                 "the state was made with program '" + saved.program_id + "' version " +
                     std::to_string(saved.program_version) + ", not with this '" +
                     options_.program_id + "' version " + std::to_string(options_.program_version) +
                     ": start with that program, or replay into an empty state directory"};
  }
  if (saved.committed > committed) {
    return Error{Errc::input_gap, "state",
                 "the state is ahead of its input: saved at position " +
                     std::to_string(saved.committed) + ", the input is committed up to " +
                     std::to_string(committed) +
                     ": give the matching output or group, or an empty state directory"};
  }
  if (saved.recover_from != committed && saved.core_revision != topology_.core_revision) {
    return Error{Errc::wrong_revision, "state",
                 "the state was not stopped cleanly and was made by core revision " +
                     std::to_string(saved.core_revision) + ", this is " +
                     std::to_string(topology_.core_revision) +
                     ": start the old binary once and stop it with SIGTERM, then start this one"};
  }
  at_.recover_from = saved.recover_from;
  at_.applied = saved.recover_from;
  clock_at_open_ = saved.clock;
  clock_ = saved.clock;
  recover_clock_ = saved.clock;
  ticks_ = saved.ticks;
  checkpoint_written_ = saved.recover_from;
  return {};
}

Result<void> Task::apply(std::span<const DecodedRecord* const> records, ports::OutputBuffer& out) {
  if (auto found = find_members(records); !found) return found.error();
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + prefetch_member_ahead < slots_.size()) {
      const Found& ahead = slots_[i + prefetch_member_ahead];
      if (ahead.slot != no_slot) cache_.prefetch_member(ahead.slot, ahead.bytes_read);
    }
    const DecodedRecord& record = *records[i];
    if (!record.decoded) {
      reject(record, record.error, out);
    } else if (auto applied = apply_one(record, slots_[i].slot, out); !applied) {
      return applied.error();
    }
  }
  return {};
}

Result<void> Task::find_members(std::span<const DecodedRecord* const> records) {
  slots_.assign(records.size(), Found{});
  missing_.clear();
  const auto key_at = [&](std::size_t i) {
    return MemberCache::key_of(records[i]->event.member_hash, partition_);
  };
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + prefetch_index_ahead < records.size()) {
      cache_.prefetch_index(key_at(i + prefetch_index_ahead));
    }
    if (i + prefetch_candidate_ahead < records.size()) {
      cache_.prefetch_candidate(key_at(i + prefetch_candidate_ahead));
    }
    if (i + prefetch_text_ahead < records.size()) {
      const event::Event& near = records[i + prefetch_text_ahead]->event;
      __builtin_prefetch(near.member.data());
      __builtin_prefetch(near.id.data());
      __builtin_prefetch(records[i + prefetch_text_ahead]->raw);
    }
    if (!records[i]->decoded) continue;
    const std::uint64_t key = key_at(i);
    Found& found = slots_[i];
    found.slot = cache_.find(key, partition_, records[i]->event.member);
    found.bytes_read = reads_money(records[i]->event.type) ? sizeof(CachedMember) : hot_bytes;
    if (found.slot == no_slot) {
      found.slot = cache_.insert(key, partition_, records[i]->event.member);
      missing_.push_back(found.slot);
    }
  }
  return missing_.empty() || !store_has_more() ? Result<void>{} : load_missing();
}

Result<void> Task::load_missing() {
  // Copies: the store replaces each record, its id included.
  std::vector<std::string> ids;
  std::vector<member::Record*> records;
  ids.reserve(missing_.size());
  records.reserve(missing_.size());
  for (const Slot slot : missing_) {
    CachedMember& member = cache_.member(slot);
    ids.push_back(member.record.id);
    records.push_back(&member.record);
  }
  const std::vector<std::string_view> names{ids.begin(), ids.end()};
  if (auto loaded = store_.load(names, records); !loaded) return loaded.error();
  for (const Slot slot : missing_) {
    CachedMember& member = cache_.member(slot);
    member.stored_due = member.record.due();
    cache_.recount(member);
  }
  return {};
}

Result<void> Task::apply_one(const DecodedRecord& record, Slot slot, ports::OutputBuffer& out) {
  CachedMember& member = cache_.member(slot);
  const event::Event& event = record.event;
  const ports::Offset offset = record.raw->offset;
  member.used = 1;
  if (offset < member.record.as_of) return {};  // Recovery: the saved version holds it already.

  emitting_ = live(offset);
  position_ = offset;
  if (member.record.due() <= record.day_before) announce(slot, member, record.clock_before, out);
  const auto order = find_order(event, member);
  if (!order) return order.error();

  effects_.clear();
  const auto level_before = member.record.level.level;
  const bool is_new = member.record.last_day < 0;
  const program::Outcome outcome = topology_.apply(member.record, event, offset, *order, effects_);
  if (outcome.verdict == program::Verdict::refused) {
    reject(record, Error{outcome.reason, outcome.field}, out);
    return {};
  }
  if (emitting_) ++counters_.records;
  if (outcome.verdict == program::Verdict::duplicate) {
    if (emitting_) ++counters_.duplicates;
    return {};
  }
  changed(slot, member);
  if (emitting_) {
    ++counters_.applied;
    if (is_new) {
      ++counters_.members_new;
      ++counters_.level_change[0];
    }
    --counters_.level_change[std::min<std::size_t>(level_before, Counters::levels_max - 1)];
    ++counters_
          .level_change[std::min<std::size_t>(member.record.level.level, Counters::levels_max - 1)];
    if (counters_.first_time == EventTime{} || event.time < counters_.first_time) {
      counters_.first_time = event.time;
    }
    counters_.last_time = std::max(counters_.last_time, event.time);
  } else {
    ++counters_.recovered;
  }
  const bool grew = !effects_.entries.empty() || effects_.order || touches_lists(event.type);
  emit(member, out);
  if (member.record.due() <= record.day_after) announce(slot, member, record.clock_after, out);
  register_timer(slot, member);
  if (grew || is_new) cache_.recount(member);
  return {};
}

Result<const member::OrderGrant*> Task::find_order(const event::Event& event,
                                                   const CachedMember& member) {
  if (!program::needs_order(member.record, event)) return nullptr;
  const std::uint64_t key = program::order_key(event);
  const RecentOrder& recent = recent_order(member, key);
  if (recent.key == mix(key, member.key) && log_.holds(recent.at)) {
    store_.decode(log_.at(recent.at).bytes, found_order_);
    return &found_order_;
  }
  if (find_unsaved_order(member.unsaved_orders, key)) return &found_order_;
  if (member.in_flight != 0 && find_unsaved_order(saving_[member.in_flight - 1].orders, key)) {
    return &found_order_;
  }
  if (member.record.as_of == 0) return nullptr;  // Never saved: no orders in the store.
  auto stored = store_.find_order(member.record.id, key);
  if (!stored) return stored.error();
  if (!*stored) return nullptr;
  found_order_ = std::move(**stored);
  return &found_order_;
}

/// Where an order's newest state is noted. Most refunds follow soon; whose note was overwritten is
/// found the long way.
Task::RecentOrder& Task::recent_order(const CachedMember& member, std::uint64_t order_key) {
  return recent_orders_[mix(order_key, member.key) & (recent_orders_.size() - 1)];
}

bool Task::find_unsaved_order(HistoryLog::Position newest, std::uint64_t key) {
  for (auto at = newest; at != HistoryLog::none;) {
    const HistoryLog::Item item = log_.at(at);
    if (item.tag == key) {
      store_.decode(item.bytes, found_order_);
      return true;
    }
    at = item.previous;
  }
  return false;
}

void Task::changed(Slot slot, CachedMember& member) {
  if (member.first_unsaved != 0) return;
  if (marks_.empty() || marks_.back().number != batch_number_) {
    marks_.push_back({batch_number_, at_.applied, clock_, std::chrono::steady_clock::now()});
  }
  member.first_unsaved = batch_number_;
  queue_.push_back(slot);
}

void Task::emit(CachedMember& member, ports::OutputBuffer& out) {
  const std::string& id = member.record.id;
  if (emitting_) {
    for (const member::LedgerEntry& entry : effects_.entries) {
      topology_.encode_entry(entry, id,
                             out.start(ports::Stream::ledger, partition_, id, position_));
      out.finish();
      ++counters_.ledger_entries;
      switch (entry.kind) {
        case member::EntryKind::earn:
          counters_.points_issued += entry.points;
          break;
        case member::EntryKind::reverse:
          counters_.points_reversed -= entry.points;
          break;
        case member::EntryKind::redeem:
        case member::EntryKind::reserve:
        case member::EntryKind::release:
          counters_.points_redeemed -= entry.points;
          break;
        case member::EntryKind::capture:
        case member::EntryKind::adjust:
          break;
      }
    }
    for (const member::Notice& notice : effects_.notices) {
      topology_.encode_notice(notice, id,
                              out.start(ports::Stream::notices, partition_, id, position_));
      out.finish();
      ++counters_.notices[static_cast<std::size_t>(notice.type)];
    }
  }
  for (const member::LedgerEntry& entry : effects_.entries) {
    encoded_.clear();
    store_.encode(entry, encoded_);
    member.unsaved_entries = log_.append(encoded_, member.unsaved_entries, 0);
  }
  if (effects_.order) {
    encoded_.clear();
    store_.encode(*effects_.order, encoded_);
    const std::uint64_t key = effects_.order->key;
    member.unsaved_orders = log_.append(encoded_, member.unsaved_orders, key);
    recent_order(member, key) = {mix(key, member.key), member.unsaved_orders};
  }
  effects_.clear();
}

void Task::announce(Slot slot, CachedMember& member, EventTime clock, ports::OutputBuffer& out) {
  effects_.clear();
  const auto level_before = member.record.level.level;
  topology_.announce(member.record, clock, effects_);
  if (emitting_) {
    --counters_.level_change[std::min<std::size_t>(level_before, Counters::levels_max - 1)];
    ++counters_
          .level_change[std::min<std::size_t>(member.record.level.level, Counters::levels_max - 1)];
  }
  changed(slot, member);
  register_timer(slot, member);
  emit(member, out);
}

void Task::reject(const DecodedRecord& record, const Error& error, ports::OutputBuffer& out) {
  if (!live(record.raw->offset)) return;
  ++counters_.records;
  if (error.code == Errc::unknown_type) {
    ++counters_.skipped;
    return;
  }
  ++counters_.deadlettered;
  codec::encode_deadletter(
      error, options_.describe(partition_, record.raw->offset), partition_, record.raw->offset,
      record.raw->value, out.start(ports::Stream::deadletters, partition_, {}, record.raw->offset));
  out.finish();
}

}  // namespace fealty::runtime
