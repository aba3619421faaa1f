#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fealty/ports/reads.hpp"
#include "fealty/runtime/counters.hpp"
#include "fealty/runtime/decoded_input.hpp"
#include "fealty/runtime/emitter.hpp"
#include "fealty/runtime/members_context.hpp"
#include "fealty/runtime/row_lookup.hpp"
#include "fealty/runtime/saves.hpp"
#include "fealty/runtime/timeline.hpp"
#include "fealty/runtime/timers.hpp"
#include "fealty/runtime/unsaved.hpp"

namespace fealty::runtime {

/// The members of one partition and what its records do to them.
///
/// There is no separate recovery code: records before `committed` are applied like any other, but
/// silently, and a member skips what lies before the `as_of` of its saved version.
///
/// Owns:    its store, timers and saves. Borrows context and timeline, which it may share.
/// Threads: one.
/// Errors:  the store's.
class MemberPartition {
 public:
  /// `from`: where this partition begins; earlier records of a shared timeline are not its own.
  MemberPartition(std::uint32_t number, const MembersContext& context,
                  std::unique_ptr<ports::MemberStore> store, Timeline& timeline,
                  ports::Offset from);
  ~MemberPartition();

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] Timeline& timeline() { return timeline_; }
  [[nodiscard]] MemberCache& cache() { return context_.cache; }
  [[nodiscard]] Timers& timers() { return timers_; }
  [[nodiscard]] Saves& saves() { return saves_; }
  [[nodiscard]] const Saves& saves() const { return saves_; }
  [[nodiscard]] ports::MemberStore& store() { return *store_; }
  /// Gives the store back; nothing else may be asked any more.
  std::unique_ptr<ports::MemberStore> close() { return std::move(store_); }
  /// Whether its part of a shared timeline has begun at `position`.
  [[nodiscard]] bool begun(ports::Offset position) const { return position >= from_; }
  /// Whether the store may hold a member that is not in memory.
  [[nodiscard]] bool store_has_more() const {
    return !at_open_.store_was_empty || context_.cache.evictions() != at_open_.evictions;
  }

  /// Reads the members just inserted into the cache, where the store may know them.
  Result<void> load(std::span<const Slot> inserted);
  /// Applies the record to its member; true where it was accepted. Then the timeline is told, which
  /// may bring a new day, and settle() comes.
  Result<bool> apply(const DecodedRecord& record, Slot slot, ports::OutputBuffer& out);
  /// What the record just applied has left the member due for by now is announced with it.
  void settle(Slot slot, ports::Offset offset, ports::OutputBuffer& out);
  /// Dead-letters or counts what is no event of this partition.
  void reject(const DecodedRecord& record, const Error& error, ports::OutputBuffer& out);
  /// The record at `offset` came by another key than its member.
  void count_astray(ports::Offset offset) {
    if (!timeline_.silent(offset)) ++emitter_.counters().wrong_keys;
  }
  /// What falls due for a member by the timeline's clock.
  void announce(Slot slot, bool silent, ports::OutputBuffer& out);

  /// Answers from memory, else from the store, and changes neither: false where nobody has heard of
  /// the member; `out.as_of` is set all the same.
  Result<bool> read(const ports::ReadRequest& request, ports::ReadAnswer& out);
  /// Whether Kafka's partitioner would have put some saved members elsewhere, going by a few.
  Result<bool> by_other_partitioner(std::uint32_t partitions);

  [[nodiscard]] const Counters& counters() const { return emitter_.counters(); }
  /// As of the last commit: what an abort does not take back.
  [[nodiscard]] const Counters& committed_counters() const { return committed_counters_; }
  /// Around a commit; see Saves.
  ports::CommitPosition prepare(Flush::Share share, std::size_t& room, ports::OutputBuffer& out);
  ports::SavedBatch& committed(const ports::CommitPosition& position);
  void saved(std::size_t blocks_kept) { saves_.saved(blocks_kept); }

 private:
  void keep(Slot slot, CachedMember& member);
  void count_odd(const DecodedRecord& record);
  [[nodiscard]] std::string place_of(const DecodedRecord& record) const;

  const std::uint32_t number_;
  const MembersContext& context_;
  std::unique_ptr<ports::MemberStore> store_;
  Timeline& timeline_;
  const ports::Offset from_;
  /// While nothing is evicted from then on, a member that is not in memory is a new one.
  struct AtOpen {
    bool store_was_empty = false;
    std::uint64_t evictions = 0;
  };
  const AtOpen at_open_;
  Timers timers_;
  std::size_t timers_counted_ = 0;  // of them, in the cache's bound
  Unsaved unsaved_;
  RowLookup rows_;
  Saves saves_;
  Emitter emitter_;
  Counters preparing_counters_, committed_counters_;
  member::Effects effects_;  // of the record at hand
};

}  // namespace fealty::runtime
