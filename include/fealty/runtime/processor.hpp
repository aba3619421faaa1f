#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "fealty/ports/input.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/decoded_input.hpp"

namespace fealty::runtime {

/// How much of what is not saved a commit is to save.
struct Flush {
  enum class Share : std::uint8_t {
    due,   // what has waited long enough: see SaveQueue
    half,  // the older half: memory is short
    all,
  };
  Share share = Share::due;
  /// The partitions that this holds for, the others save what is due; empty = all of them.
  std::span<const std::uint32_t> partitions{};
  [[nodiscard]] Share share_of(std::uint32_t partition) const;
};

/// What a topology does with the records of the partitions that it holds. A CommitLoop drives it;
/// neither knows what the other is about.
///
/// Life of a partition: assign() -> open() until it is ready -> { process() | advance() ->
/// [ prepare() -> (the sink commits, processing goes on) -> committed() ] }* -> revoke().
/// After a commit that failed: restart(), then as from assign().
///
/// Threads: one. Errors: whatever stops the worker; transaction_aborted asks for a restart.
class Processor {
 public:
  virtual ~Processor() = default;

  /// Takes partitions over. Quick: opening them comes later.
  virtual Result<void> assign(std::span<const ports::Assignment> partitions) = 0;
  /// Goes on opening what is not ready, for about `budget`, and starts the source at each partition
  /// that is. True while some are left.
  virtual Result<bool> open(std::chrono::milliseconds budget) = 0;
  /// Works off `batch` from where it stopped the last time, and appends what it brings about to
  /// `out`. False where there is more to do, to be called again once commits were seen to.
  virtual Result<bool> process(DecodedBatch& batch, ports::OutputBuffer& out) = 0;
  /// No record came for a while. True where that changed something.
  virtual Result<bool> advance() = 0;

  /// Adds to `out` what this commit saves, and to `positions` how far it has come.
  virtual void prepare(const Flush& flush, ports::OutputBuffer& out,
                       std::vector<ports::CommitPosition>& positions) = 0;
  /// What was prepared is committed.
  virtual Result<void> committed(std::span<const ports::CommitPosition> positions) = 0;
  /// Whether a commit with this flush would leave something of it unsaved. `due`: whether one would
  /// save anything.
  [[nodiscard]] virtual bool unsaved(const Flush& flush) const = 0;
  /// Lets go of what memory it can; true where it still holds more than it may.
  virtual bool over_budget() = 0;

  /// Whether some of what was committed is still to be opened or applied again: until then a commit
  /// cannot hold all that there is.
  [[nodiscard]] virtual bool repeats() const = 0;
  /// Drops partitions with all that is not committed.
  virtual void revoke(std::span<const std::uint32_t> partitions, bool lost) = 0;
  /// Drops all that is not committed, and opens every partition again.
  virtual Result<void> restart() = 0;
};

}  // namespace fealty::runtime
