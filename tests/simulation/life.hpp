#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "disk.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "trouble.hpp"

namespace fealty::simulation {

/// What outlives a process.
struct Machine {
  std::string transactional_id, instance;  // instance: of a static member; empty = dynamic
  Disk disk;
};

struct LifeOptions {
  runtime::MembersOptions members;
  runtime::CommitLoopOptions loop;
  std::uint64_t steps_behind_max = 0;  // of what goes to the sink
  std::chrono::milliseconds clock_skew{0};
  std::string token;  // unlike that of any other life
  bool append_time = false;
  bool both_generations = false;  // of the program, from the beginning
  /// Whether the second one is to be taken up now.
  std::function<bool()> deployed = [] { return false; };
  /// Once it has both.
  std::function<void()> on_both;
  /// After each step.
  std::function<void(const runtime::Members&)> on_progress;
};

struct LifeEnd {
  bool died = false;
  bool had_both = false;         // generations
  std::optional<Error> error;    // what run() answered
  std::optional<Error> refused;  // why the second generation was not taken up
  std::uint64_t commits = 0, aborts = 0, unsure = 0, evicted = 0;
};

/// One life of a worker's process: the production CommitLoop and Members over the simulated ports,
/// until it is stopped, ends by an error, or dies.
LifeEnd live(Trouble& process, Machine& machine, const LifeOptions& options,
             const std::atomic<bool>& stop);

}  // namespace fealty::simulation
