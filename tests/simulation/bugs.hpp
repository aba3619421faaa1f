#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace fealty::simulation {

/// Faults planted in the simulated ports, to prove that a run of the simulation tells them: what
/// each of the ports, or the runtime through them, could get wrong.
enum class Bug : std::uint8_t {
  none,
  // The sink.
  commit_before_produce,  // offsets first, the outputs in a transaction of their own
  committed_one_more,     // the group is told one record too many
  committed_one_less,     // or one too few
  producer_kept,          // after an unknown outcome the old epoch goes on
  outcome_guessed,        // an unknown outcome counts as committed, without asking
  page_cursor_not_saved,  // the note is not kept with the offsets
  // The source.
  no_rewind,               // start_at() leaves a partition where it is being read
  open_transactions_read,  // records behind the last stable offset are delivered
  unstable_offsets_taken,  // a partition begins while its last commit is still being settled
  // The coordinator.
  any_generation,  // offsets are taken from members that lost their partitions
  // Stores and changelog.
  store_before_commit,           // versions are kept before their commit is done
  checkpoint_of_another_commit,  // the one before
  advances_not_recorded,         // the clock's, in the checkpoint
  refusals_not_recorded,         // those by this machine's clock, in the checkpoint
  tombstones_ignored,            // a restore leaves rows that are gone
  packs_keyed_alike,             // their keys lack the version: compaction takes rows away
  timers_not_stored,             // the timer index does not follow the saved versions
  generation_adopted_twice,      // a checkpoint forgets the last one, so that it is taken up again
};
std::string_view name(Bug bug);
/// All but `none`.
std::vector<Bug> planted_bugs();

}  // namespace fealty::simulation
