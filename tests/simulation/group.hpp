#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "fealty/base/time.hpp"
#include "partition_log.hpp"
#include "world.hpp"

namespace fealty::simulation {

/// This machine's clock moved a partition's to `time`, before the record at `position`. Kept beside
/// the offsets that it was committed with, for the oracle: no real group has it.
struct Tick {
  Offset position = 0;
  EventTime time;
};

/// How far a group has come in a partition.
struct GroupOffset {
  Offset offset = 0;
  std::string metadata;
  std::vector<Tick> ticks;  // since the commit before
};

/// What a member's client tells it when it polls.
struct GroupEvent {
  enum class Kind : std::uint8_t { assign, revoke, lost };
  Kind kind{};
  std::vector<std::uint32_t> partitions;
};

struct GroupTimes {
  Millis session_timeout = 10'000;
  Millis poll_interval_max = 60'000;
};

/// A consumer group whose members rebalance cooperatively: a partition goes on being read while
/// others move, and is given away once its member has let go of it, or was not heard of for the
/// session timeout. Each rebalance begins another generation; it waits for every member to join.
///
/// Both sides in one: what the coordinator knows, and what the client of each member has learned.
class Group {
 public:
  using MemberId = std::size_t;
  Group(World& world, std::uint32_t partitions, GroupTimes times)
      : world_{world}, times_{times}, owners_(partitions, nobody) {}

  // --- a member's process
  /// `instance`: of a static member, who takes over what an earlier holder of it has; else empty.
  MemberId join(const std::string& instance);
  /// Its process ends orderly; a static member's place is kept.
  void leave(MemberId id);
  /// Its process is gone without a word.
  void died(MemberId id);
  /// Whether the process runs: a paused one is not heard of.
  void set_running(MemberId id, bool running) { members_[id].running = running; }
  void polled(MemberId id) { members_[id].last_poll = world_.now(); }
  [[nodiscard]] std::optional<GroupEvent> next_event(MemberId id);
  /// A revocation or loss was answered: these are no longer the member's.
  void let_go(MemberId id, std::span<const std::uint32_t> partitions);
  /// Another member has its instance id.
  [[nodiscard]] bool fenced(MemberId id) const { return members_[id].fenced; }
  [[nodiscard]] int generation(MemberId id) const { return members_[id].generation; }
  [[nodiscard]] bool lost(MemberId id) const { return members_[id].lost; }

  // --- the coordinator
  [[nodiscard]] bool accepts(MemberId id, int generation) const {
    return members_[id].known && generation == generation_;
  }
  void commit(std::uint32_t partition, GroupOffset offset);
  [[nodiscard]] const GroupOffset* offset_of(std::uint32_t partition) const;
  void set_offset(std::uint32_t partition, Offset offset) {
    offsets_[partition] = {offset, {}, {}};
  }
  /// The offset was not renewed for so long that the group forgets it.
  void expire(std::uint32_t partition) { offsets_.erase(partition); }
  [[nodiscard]] bool empty() const;
  /// Nobody is left who could still ask what became of a commit.
  [[nodiscard]] bool deserted() const;
  /// Another assignment is asked for, without need.
  void shuffle() { shuffle_ = due_ = true; }
  void tick();

  /// Of all commits, by partition: see Tick.
  [[nodiscard]] const std::map<std::uint32_t, std::vector<Tick>>& ticks() const { return ticks_; }

 private:
  static constexpr MemberId nobody = static_cast<MemberId>(-1);
  struct Member {
    std::string instance;
    bool known = false;   // to the coordinator
    bool running = true;  // its process does
    bool ended = false;   // its process did
    bool fenced = false, lost = false;
    Millis last_beat = 0, last_poll = 0;
    int generation = -1;
    std::deque<GroupEvent> coming;  // of a rebalance that the client has not heard of yet
    std::deque<GroupEvent> events;
    std::set<std::uint32_t> held;  // as the client sees it
  };
  void enter(Member& member);
  void expel(MemberId id);
  void learn(Member& member);
  void rebalance();
  [[nodiscard]] std::vector<MemberId> targets();

  World& world_;
  const GroupTimes times_;
  std::vector<Member> members_;   // those gone included
  std::vector<MemberId> owners_;  // by partition
  std::set<std::uint32_t> revoking_;
  int generation_ = 0;
  bool due_ = false, shuffle_ = false;
  std::map<std::uint32_t, GroupOffset> offsets_;
  std::map<std::uint32_t, std::vector<Tick>> ticks_;
};

}  // namespace fealty::simulation
