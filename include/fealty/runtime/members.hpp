#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fealty/runtime/counters.hpp"
#include "fealty/runtime/lane.hpp"
#include "fealty/runtime/member_partition.hpp"
#include "fealty/runtime/member_reads.hpp"
#include "fealty/runtime/members_context.hpp"
#include "fealty/runtime/opening.hpp"
#include "fealty/runtime/processor.hpp"
#include "fealty/runtime/recovery_pace.hpp"
#include "fealty/runtime/team.hpp"
#include "fealty/runtime/turn.hpp"

namespace fealty::runtime {

/// The members topology's Processor: each record goes to its partition and member, in the order of
/// the log; a turn of the clock is worked off in pages before the next record of that timeline.
/// With several lanes the records of a day are applied side by side, and what comes of them goes
/// out as if it had been in turn: lanes can be told from nothing but the time that it takes.
///
/// Owns:    partitions with their stores and timelines, lanes. Borrows topology, source (to
///          start partitions and to name records) and changelog.
/// Threads: one, besides those of its lanes.
class Members final : public Processor {
 public:
  /// `changelog` may be nullptr.
  Members(const Topology& topology, ports::Source& source, ports::Changelog* changelog,
          ports::MemberStores& stores, MembersOptions options);
  ~Members() override;

  /// Called when partitions were taken over and their stores are open; an error stops the worker.
  std::function<Result<void>()> on_opened;

  Result<void> assign(std::span<const ports::Assignment> partitions) override;
  Result<bool> open(std::chrono::milliseconds budget) override;
  Result<bool> process(DecodedBatch& batch, ports::OutputBuffer& out) override;
  Result<bool> advance() override;
  void prepare(const Flush& flush, ports::OutputBuffer& out,
               std::vector<ports::CommitPosition>& positions) override;
  Result<void> committed(std::span<const ports::CommitPosition> positions) override;
  [[nodiscard]] bool unsaved(const Flush& flush) const override;
  bool over_budget() override;
  [[nodiscard]] bool repeats() const override;
  void revoke(std::span<const std::uint32_t> partitions, bool lost) override;
  Result<void> restart() override;

  /// wrong_program where these generations of the program cannot be gone by: those of before and
  /// further ones, whose days are to come on every clock.
  [[nodiscard]] Result<void> may_adopt(const std::vector<ports::Generation>& generations) const;
  /// Goes by these generations, which it may adopt, from here on. Between two batches.
  void adopt(const std::vector<ports::Generation>& generations);

  /// Ends the partitions and closes their stores; nothing may be asked of them any more.
  void close();

  /// Where readers ask; served by process().
  [[nodiscard]] MemberReads& reads() { return reads_; }

  /// Sums over the partitions, those given away included.
  [[nodiscard]] Counters counters() const;
  /// Members in memory and what they take, over all lanes.
  struct Memory {
    std::size_t members = 0, bytes = 0;
    std::uint64_t evictions = 0;
  };
  [[nodiscard]] Memory memory() const;
  /// Whether every member that there is lies in memory: then visit_members() needs no store.
  [[nodiscard]] bool holds_every_member() const;
  /// Every member in memory, ascending by id (bytewise). Stops at the first error of `visit`.
  Result<void> visit_members(const std::function<Result<void>(const member::Record&)>& visit) const;
  /// Of the partitions held, by partition.
  [[nodiscard]] std::vector<ports::MemberStore*> stores() const;
  /// The latest clock of any partition.
  [[nodiscard]] EventTime clock() const;
  /// Of a partition that is ready; nullptr of any other.
  [[nodiscard]] const Timeline* timeline(std::uint32_t partition) const;

 private:
  [[nodiscard]] const Opening* filling() const;
  Result<void> ready(TimelineGroup& group);
  void adopt_further(Timeline& timeline) const;
  /// The first lane, whose thread has more to do than to apply, has none too many of them.
  [[nodiscard]] std::uint32_t lane_number(std::uint32_t partition) const {
    return static_cast<std::uint32_t>((partition + 1) % lanes_.size());
  }
  [[nodiscard]] Lane& lane_of(std::uint32_t partition) const {
    return *lanes_[lane_number(partition)];
  }
  [[nodiscard]] Held owner_of(const DecodedRecord& record) const;
  Result<void> apply_run(DecodedBatch& batch, std::size_t most, ports::OutputBuffer& out);
  [[nodiscard]] Found name_member(DecodedRecord& record) const;
  Result<bool> apply_record(const Found& found, ports::OutputBuffer& out);
  [[nodiscard]] bool by_this_machine(const ports::InputRecord& raw) const;
  bool in_future(const ports::InputRecord& raw, const event::Event& event,
                 Timeline& timeline) const;
  Result<std::size_t> apply_stretch(DecodedBatch& batch, ports::OutputBuffer& out);
  void share_out(const DecodedBatch& batch);
  void put_in_order(ports::OutputBuffer& out);
  void begin_turn(TimelineGroup& group);
  Result<bool> turn(TimelineGroup& group, ports::OutputBuffer& out);
  void catch_up(TimelineGroup& group);
  Result<bool> work_off(DecodedBatch& batch, ports::OutputBuffer& out);
  void end_recovery(TimelineGroup& group);
  bool end_repetition(TimelineGroup& group);
  void set_distance();
  void serve_reads();
  MemberReads::Rests look(const ports::ReadRequest& request, Looked& looked);
  static std::string unreadable(const TimelineGroup& group, std::uint32_t number,
                                const ports::ReadRequest& request);

  const MembersOptions options_;
  FlushPolicy flush_;  // theirs, within the recovery target
  RecoveryPace pace_;
  std::vector<ports::Generation> generations_;  // given
  const Topology& topology_;
  ports::Source& source_;
  ports::Changelog* const changelog_;
  ports::MemberStores& stores_;

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<TimelineGroup>> groups_;
  std::vector<Held> partitions_;      // by number
  std::deque<TimelineGroup*> turns_;  // under way: they come before the next record
  KeyCheck key_check_;
  Counters given_away_;
  struct {
    MachineClock::Steady steady{};
    EventTime wall{};
  } now_;                             // as process() began
  std::vector<Found> found_;          // of the run at hand
  std::vector<std::uint32_t> order_;  // of the stretch at hand: whose lane's each record is
  MemberReads reads_;
  std::optional<Team> team_;  // where there are several lanes; the first to end
};

}  // namespace fealty::runtime
