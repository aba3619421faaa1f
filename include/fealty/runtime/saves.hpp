#pragma once

#include <cstdint>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/members_context.hpp"
#include "fealty/runtime/processor.hpp"
#include "fealty/runtime/publish_queue.hpp"
#include "fealty/runtime/save_queue.hpp"
#include "fealty/runtime/timeline.hpp"
#include "fealty/runtime/unsaved.hpp"

namespace fealty::runtime {

/// The saved versions of a partition, and the snapshots that go out with or before them: encoded
/// with the commit that they belong to, handed to the store once that is done.
///
/// Invariant. recover_from <= committed <= applied. A commit in flight holds versions as of the
/// position that prepare() found; later changes queue anew, behind all older ones, so recover_from
/// never turns back. Until committed() a member in flight stays in memory, and what it has
/// unsaved, too: the store is asked only for members that are not in memory, and for rows that
/// nobody in memory holds.
///
/// Borrows what it is made with. Threads: one. Errors: the store's.
class Saves {
 public:
  Saves(std::uint32_t partition, const MembersContext& context, ports::MemberStore& store,
        Timeline& timeline, Unsaved& unsaved);

  [[nodiscard]] SaveQueue& queue() { return queue_; }
  [[nodiscard]] const SaveQueue& queue() const { return queue_; }
  /// The member has changed.
  void changed(Slot slot, CachedMember& member) {
    queue_.changed(slot, member, context_.options.clock);
    snapshots_.changed(slot, member, context_.options.clock);
  }
  /// Whether a commit has something to save or to publish.
  [[nodiscard]] bool due(MachineClock::Steady now) {
    return (!queue_.empty() && queue_.due(timeline_.next(), now)) ||
           (snapshots_.on() && snapshots_.due(now));
  }

  /// Encodes this commit's versions and checkpoint; with a changelog, puts them into `out`, too.
  /// `room`: bytes that the commit may still save, of all partitions; lowered by what this one
  /// takes.
  ports::CommitPosition prepare(Flush::Share share, std::size_t& room, ports::OutputBuffer& out);
  /// The sink has committed what was prepared: the store is to follow with this batch.
  ports::SavedBatch& committed(const ports::CommitPosition& position);
  /// It has. Some blocks of the batch's memory are kept for the next one.
  void saved(std::size_t blocks_kept);
  /// Changed rows of a member whose version is in flight.
  [[nodiscard]] HistoryLog::Position rows_in_flight(const CachedMember& member) const {
    return member.in_flight == 0 ? HistoryLog::none : in_flight_[member.in_flight - 1].rows;
  }
  /// Likewise its newest ledger entry in flight.
  [[nodiscard]] HistoryLog::Position entries_in_flight(const CachedMember& member) const {
    return member.in_flight == 0 ? HistoryLog::none : in_flight_[member.in_flight - 1].entries;
  }

 private:
  struct InFlight {
    Slot slot = no_slot;
    HistoryLog::Position rows = HistoryLog::none, entries = HistoryLog::none;
  };
  void save_members(Flush::Share share, std::size_t room, ports::OutputBuffer& out);
  void save_member(Slot slot, std::span<const std::string_view> entries,
                   std::span<const std::string_view> rows, ports::OutputBuffer& out);
  void publish_members(ports::OutputBuffer& out);
  void publish(CachedMember& member, ports::OutputBuffer& out);
  void write_notes(ports::OutputBuffer& out);
  void save_checkpoint(const ports::CommitPosition& position, const Moment& moment);

  const std::uint32_t partition_;
  const MembersContext& context_;
  ports::MemberStore& store_;
  Timeline& timeline_;
  Unsaved& unsaved_;
  SaveQueue queue_;
  PublishQueue snapshots_;

  // Of the commit in flight, or being prepared.
  std::vector<InFlight> in_flight_;
  ports::SavedBatch batch_;
  Unsaved::Gathered gathered_;  // scratch
};

}  // namespace fealty::runtime
