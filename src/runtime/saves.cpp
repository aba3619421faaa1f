#include "fealty/runtime/saves.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "fealty/base/check.hpp"

namespace fealty::runtime {
namespace {

constexpr std::size_t saved_together = 32;

}  // namespace

Saves::Saves(std::uint32_t partition, const MembersContext& context, ports::MemberStore& store,
             Timeline& timeline, Unsaved& unsaved)
    : partition_{partition},
      context_{context},
      store_{store},
      timeline_{timeline},
      unsaved_{unsaved},
      queue_{context.cache, context.flush, timeline.moment()},
      snapshots_{context.cache, context.options.publish_within} {}

ports::CommitPosition Saves::prepare(Flush::Share share, std::size_t& room,
                                     ports::OutputBuffer& out) {
  check(in_flight_.empty() && batch_.empty(), "one commit at a time");
  save_members(share, room, out);
  publish_members(out);
  queue_.next_epoch(timeline_.moment());
  snapshots_.next_epoch();
  room -= std::min(room, batch_.bytes());
  const CommittedTo to = timeline_.worked_off();
  const Moment moment = queue_.recover_from().value_or(timeline_.moment());
  const ports::CommitPosition position{.partition = partition_,
                                       .committed = to.offset,
                                       .recover_from = moment.position,
                                       .note = to_note(to),
                                       .changelog_position = 0};
  save_checkpoint(position, moment);
  if (context_.options.changelog) {
    store_.to_changelog(batch_, context_.topology.outputs.changelog, partition_, out);
  }
  write_notes(out);
  return position;
}

void Saves::write_notes(ports::OutputBuffer& out) {
  const auto notes = timeline_.take_notes();
  if (!context_.options.changelog) return;
  for (const TimelineNote& note : notes) {
    const std::string text = to_text(note);
    out.add(context_.topology.outputs.timeline, partition_, text, text);
  }
}

/// Of each commit, so that it says where the clock stood at the very end of it.
void Saves::save_checkpoint(const ports::CommitPosition& position, const Moment& moment) {
  ports::Checkpoint checkpoint;
  timeline_.fill(moment, checkpoint);
  checkpoint.committed = position.committed;
  checkpoint.note = position.note;
  checkpoint.program_id = context_.options.program_id;
  checkpoint.core_revision = context_.topology.core_revision;
  store_.encode(checkpoint, batch_);
}

/// Saves members as long as they are due and the batch has room, some at a time: what each has not
/// saved lies all over the log, and many chains are followed faster side by side than in turn. Only
/// as many as fit, going by those before them: the busiest, whose histories are large, come first.
void Saves::save_members(Flush::Share share, std::size_t room, ports::OutputBuffer& out) {
  const auto now = context_.options.clock.steady();
  const std::size_t left = share == Flush::Share::all ? 0 : queue_.size() / 2;
  const auto wanted = [&] {
    return queue_.due(timeline_.next(), now) ||
           (share != Flush::Share::due && queue_.size() > left);
  };
  std::array<Slot, saved_together> slots{};
  std::size_t largest = std::max<std::size_t>(room, 1);  // of the members just saved; unknown yet
  while (batch_.bytes() < room) {
    const std::size_t left_room = room - batch_.bytes();
    const std::size_t fit = std::clamp<std::size_t>(left_room / largest, 1, slots.size());
    std::size_t count = 0;
    while (count < fit && !queue_.empty() && wanted()) {
      if (const Slot ahead = queue_.ahead(slots.size()); ahead != no_slot) {
        context_.cache.prefetch_member(ahead, sizeof(CachedMember));
      }
      slots.at(count++) = queue_.take();
    }
    if (count == 0) return;
    unsaved_.gather(std::span{slots}.first(count), gathered_);
    largest = 1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t before = batch_.bytes();
      save_member(slots.at(i), gathered_.entries(i), gathered_.rows(i), out);
      largest = std::max(largest, batch_.bytes() - before);
    }
  }
}

/// Encodes a member. From here on it may change again: what it is saved with is set apart.
void Saves::save_member(Slot slot, std::span<const std::string_view> entries,
                        std::span<const std::string_view> rows, ports::OutputBuffer& out) {
  CachedMember& member = context_.cache.member(slot);
  const ports::Offset as_of = timeline_.next();
  const ports::SaveItem item{&member.record, entries, rows, member.stored_due};
  store_.encode({&item, 1}, as_of, batch_);
  if (member.publish_ticket != 0) publish(member, out);
  in_flight_.push_back({slot, std::exchange(member.unsaved_rows, HistoryLog::none),
                        std::exchange(member.unsaved_entries, HistoryLog::none)});
  member.in_flight = static_cast<std::uint32_t>(in_flight_.size());
  member.rows_followed = 0;
  member.first_unsaved = 0;
  member.record.as_of = as_of;
  member.stored_due = member.record.due();
}

/// What is not saved yet, but waited long enough to be shown.
void Saves::publish_members(ports::OutputBuffer& out) {
  if (!snapshots_.on()) return;
  const auto now = context_.options.clock.steady();
  for (Slot slot = snapshots_.take(now); slot != no_slot; slot = snapshots_.take(now)) {
    publish(context_.cache.member(slot), out);
  }
}

void Saves::publish(CachedMember& member, ports::OutputBuffer& out) {
  const auto& members = context_.topology.outputs.members;
  members.encode(member.record, timeline_.now(),
                 out.start(members.stream, partition_, member.record.id));
  out.finish();
  PublishQueue::published(member);
}

ports::SavedBatch& Saves::committed(const ports::CommitPosition& position) {
  check(!batch_.empty(), "the commit in flight is the one prepared last");
  batch_.changelog_position = position.changelog_position;
  return batch_;
}

void Saves::saved(std::size_t blocks_kept) {
  for (const InFlight& saved : in_flight_) context_.cache.member(saved.slot).in_flight = 0;
  in_flight_.clear();
  unsaved_.release_gathered();
  batch_.clear(blocks_kept);
}

}  // namespace fealty::runtime
