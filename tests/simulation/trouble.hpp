#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "cluster.hpp"
#include "world.hpp"

namespace fealty::simulation {

/// Every place where a simulated process meets the world.
enum class Call : std::uint8_t {
  poll,
  serve,
  start_at,
  produce,
  offsets,
  commit,
  committed,
  init,
  ask,
  abort,
  restore_open,
  restore_step,
  restored,
  store_open,
  store_load,
  store_find_rows,
  store_due,
  store_save,
  store_saved,
};
inline constexpr std::size_t call_count = 19;

/// What becomes of a request to a broker.
enum class Fate : std::uint8_t {
  done,
  refused,      // the transaction can only be aborted
  lost,         // it never arrives, and its sender waits in vain
  answer_lost,  // it is done, but its sender never hears of it
  late,         // it is done after its sender has given up waiting, unless that is prevented
};

struct TroubleOptions {
  std::uint64_t unsure_every = 0;   // one request of so many is lost, late or unanswered; 0 = none
  std::uint64_t refused_every = 0;  // or refused
};

/// One process among others: it takes its turns at port calls, and at some of them it ends, stands
/// still, or waits for long.
class Trouble {
 public:
  struct Plan {
    enum class Kind : std::uint8_t { die, freeze, wait };
    Kind kind = Kind::die;
    Call call{};
    std::uint64_t nth = 1;  // time that the call is made
    Millis time = 0;        // of freeze (nothing of the process runs) and wait (its heart beats on)
  };
  Trouble(World& world, Cluster& cluster, TroubleOptions options)
      : world_{world}, cluster_{cluster}, options_{options} {}

  void plan(const Plan& plan) { plan_ = plan; }
  void has_member(Group::MemberId member) { member_ = member; }
  [[nodiscard]] std::optional<Group::MemberId> member() const { return member_; }

  /// A port call is made. Throws Died where the process ends.
  void at(Call call) {
    world_.pass();
    if (!plan_ || plan_->call != call || ++made_[call] != plan_->nth) return;
    const Plan plan = *plan_;
    plan_.reset();
    if (plan.kind == Plan::Kind::die) {
      if (member_) cluster_.group().died(*member_);
      throw Died{};
    }
    world_.tell(plan.kind == Plan::Kind::freeze ? "somebody freezes for" : "somebody waits for",
                plan.time, "at call", static_cast<int>(plan.call));
    const bool frozen = plan.kind == Plan::Kind::freeze && member_.has_value();
    if (frozen) cluster_.group().set_running(*member_, false);
    world_.sleep(plan.time);
    if (frozen) cluster_.group().set_running(*member_, true);
  }
  Fate fate_of_request() {
    if (world_.one_in(options_.refused_every)) return Fate::refused;
    if (!world_.one_in(options_.unsure_every)) return Fate::done;
    return static_cast<Fate>(2 + world_.pick(3));
  }
  World& world() { return world_; }
  Cluster& cluster() { return cluster_; }

 private:
  World& world_;
  Cluster& cluster_;
  const TroubleOptions options_;
  std::optional<Plan> plan_;
  std::map<Call, std::uint64_t> made_;
  std::optional<Group::MemberId> member_;
};

}  // namespace fealty::simulation
