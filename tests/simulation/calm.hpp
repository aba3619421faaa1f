#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/key_check.hpp"
#include "fealty/runtime/topology.hpp"
#include "seen.hpp"

namespace fealty::simulation {

/// A log, and what this machine's clock decided about it: what goes into the calm run.
struct CalmInput {
  Topics& topics;
  std::map<std::uint32_t, std::vector<Tick>> ticks;  // committed ones, by partition, in order
  /// Records that a reader's clock refused, where it judges (future_ms_max without append_time).
  std::set<std::pair<std::uint32_t, Offset>> refused;
  bool append_time = false;
  std::int64_t future_ms_max = 0;
  std::chrono::days clock_jump_max{400};
  runtime::KeyPolicy key_policy = runtime::KeyPolicy::ignore;
  bool both_generations = false;
};

/// What the outputs and the final members are where nothing ever goes wrong: one worker, one
/// partition after the other, one commit, everything in memory, no pages. It is told when to tick
/// and what the wall clock refused, and has nothing else to go by. `failure`: a tick could not be
/// taken.
struct CalmRun {
  Seen seen;
  std::string failure;
};
CalmRun run_calm(const CalmInput& input);

/// What is in the stores: members as readers see them at a far day, with their ledgers, and what is
/// wrong with the timer index, if anything.
struct Rested {
  std::vector<std::string> members;
  std::map<std::string, std::vector<std::string>> ledger;
  std::string failure;
};
void add_rested(const runtime::Topology& topology, ports::MemberStore& store, Rested& out);

}  // namespace fealty::simulation
