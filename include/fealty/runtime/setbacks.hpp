#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>

#include "fealty/base/result.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/machine_clock.hpp"

namespace fealty::runtime {

/// How long a run bears what goes wrong around it. Nothing here can change an outcome.
struct SetbackPolicy {
  std::uint32_t aborts_max = 20;           // commits aborted in a row: the last one ends the run
  std::chrono::seconds aborting_max{120};  // likewise, from the third on, if it goes on for so long
  /// Before what follows an abort begins: none after the first, this after the second, twice as
  /// long each time after, up to the most.
  std::chrono::milliseconds backoff{100}, backoff_max{10'000};
  /// The bus is away while partitions are being opened: it is tried again for so long.
  std::chrono::milliseconds bus_wait{0};
  std::chrono::milliseconds between_tries{1'000};
  /// A commit that takes longer is a sign of ill health.
  std::chrono::seconds commit_slow{15};
  /// After a request to stop, the sink waits for a bus that is away for so long and no longer.
  std::chrono::seconds stop_wait{20};
};

/// Counts what went wrong since it last went well: when to try again, and when to give up.
/// Threads: one.
class Setbacks {
 public:
  using Steady = MachineClock::Steady;
  explicit Setbacks(SetbackPolicy policy) : policy_{policy} {}

  /// A commit was aborted that would have come as far as `tried`, or what was `sent` before one was
  /// prepared; the error to end with where that was one too many.
  Result<void> aborted(const Error& why, Steady now,
                       std::span<const ports::CommitPosition> tried = {}, bool sent = false);
  /// The bus is away; `why` where it was waited for long enough.
  Result<void> away(const Error& why, Steady now);
  /// Ends a row of aborts once each partition that they held up has come further: what is repeated
  /// after an abort, or a commit of other partitions, says nothing of what was aborted.
  void committed(std::span<const ports::CommitPosition> positions = {});
  /// Partitions came or went: what was aborted may be another's by now.
  void moved();
  void opened() { away_since_ = open_at_ = Steady{}; }

  /// After an abort nothing is to be begun before this.
  [[nodiscard]] Steady until() const { return until_; }
  /// While the bus is away no partition is to be opened before this.
  [[nodiscard]] Steady open_at() const { return open_at_; }
  [[nodiscard]] bool healthy() const {
    return aborts_ < unhealthy_aborts && away_since_ == Steady{};
  }
  [[nodiscard]] std::uint32_t aborts_in_row() const { return aborts_; }

 private:
  static constexpr std::uint32_t unhealthy_aborts = 3;

  const SetbackPolicy policy_;
  std::uint32_t aborts_ = 0;
  std::map<std::uint32_t, event::Offset> committed_;  // of each partition, the last
  std::set<std::uint32_t> held_up_;  // by the row of aborts: they have not got beyond
  bool one_held_up_ = false;         // one of them, it is not known which
  Steady first_abort_{}, away_since_{}, until_{}, open_at_{};
};

}  // namespace fealty::runtime
