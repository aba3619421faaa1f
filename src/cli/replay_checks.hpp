#pragma once

#include "fealty/base/result.hpp"
#include "fealty/codec/mapping.hpp"
#include "fealty/files/manifest.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/topology.hpp"
#include "replay.hpp"

/// What a replay makes sure of before it touches anything.
namespace fealty::cli {

/// What the run goes by, for its manifest.
files::RunIdentity identity_of(const program::Series& series, const codec::Mapping& mapping,
                               const runtime::Topology& topology, const ReplayOptions& options);

/// All that is read can be, and none of it would be written to. Errors: as files::check_logs().
Result<void> check_places(const ReplayOptions& options);

/// A further generation judges days to come only, also where no state says what is past.
/// wrong_program.
Result<void> generations_follow(const files::Manifest& earlier, const program::Series& series,
                                const runtime::Topology& topology);

/// What was done is only computed again, where no state holds it, by the code that did it.
/// wrong_revision; or why the state cannot be read.
Result<void> check_revision(const files::Manifest& earlier, const files::RunIdentity& now,
                            const ReplayOptions& options);

/// The state directory is not that of another run, whose positions may be the same by chance; where
/// it is nobody's, keep_state_of() makes it this one's. wrong_input.
Result<void> check_state_of(const files::Manifest& run, const ReplayOptions& options);
Result<void> keep_state_of(const files::Manifest& run, const ReplayOptions& options);

/// A run begun anew needs a state begun anew, and the earlier one is not dropped before that is
/// known. usage; or why the state cannot be read.
Result<void> check_overwrite(const ReplayOptions& options);

}  // namespace fealty::cli
