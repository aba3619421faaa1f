#include "replay_checks.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "fealty/base/hash.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/files/atomic_file.hpp"
#include "fealty/files/file_sink.hpp"
#include "fealty/files/log_check.hpp"
#include "fealty/runtime/opening.hpp"
#include "fealty/topologies/members.hpp"
#include "program_beside.hpp"
#include "replay_report.hpp"
#include "stored_state.hpp"

namespace fealty::cli {
namespace {

/// "1", or "1,2" of a series: what a run that is continued is continued with.
std::string versions_of(const program::Series& series) {
  std::string out;
  for (const program::Program& one : series.generations()) {
    out += (out.empty() ? "" : ",") + std::to_string(one.version);
  }
  return out;
}

/// Holds the key of the run that a state belongs to.
std::string key_file(const ReplayOptions& options) { return options.state_dir + "/replay-run"; }

}  // namespace

files::RunIdentity identity_of(const program::Series& series, const codec::Mapping& mapping,
                               const runtime::Topology& topology, const ReplayOptions& options) {
  files::RunIdentity run{.program_id = series.first().id,
                         .program_version = versions_of(series),
                         .mapping = options.mapping,
                         .mapping_fingerprint = mapping.fingerprint,
                         .core_revision = topology.core_revision};
  for (const program::Program& one : series.generations()) {
    // What is muted changes nothing that comes about, but what is written.
    std::uint64_t silent = hash64(one.muted.to_string());
    if (one.mute_before != EventTime{}) silent = mix(silent, hash64(to_rfc3339(one.mute_before)));
    run.generations.push_back(mix(one.fingerprint, silent));
  }
  return run;
}

Result<void> check_places(const ReplayOptions& options) {
  files::LogCheck check{.logs = options.logs,
                        .follow = options.follow,
                        .out_dir = options.out_dir,
                        .out_files = files::FileSink::files_of(topologies::member_streams),
                        .state_dir = options.state_dir};
  for (const std::string& program : options.programs) {
    const auto files = config::program_files(program);
    check.others.insert(check.others.end(), files.begin(), files.end());
  }
  check.others.push_back(options.mapping);
  return files::check_logs(check);
}

Result<void> generations_follow(const files::Manifest& earlier, const program::Series& series,
                                const runtime::Topology& topology) {
  std::vector<ports::Generation> adopted;
  const EventTime clock = from_counts(earlier.counts).clock;
  for (const ports::Generation& one : generations_of(series)) {
    if (adopted.size() >= earlier.run.generations.size() && clock != EventTime{}) {
      const auto ahead = runtime::is_ahead(one, adopted, topology.day(clock));
      if (!ahead) return ahead;
    }
    adopted.push_back(one);
  }
  return {};
}

Result<void> check_revision(const files::Manifest& earlier, const files::RunIdentity& now,
                            const ReplayOptions& options) {
  if (earlier.partitions.empty() || earlier.run.core_revision == now.core_revision) return {};
  if (!options.state_dir.empty()) {
    const auto state = StoredState::open(options.state_dir);
    if (state && state->used()) return {};  // Whether it was stopped cleanly is seen when it opens.
    if (!state && state.error().code != Errc::usage) return state.error();
  }
  return Error{Errc::wrong_revision, "out",
               "'" + options.out_dir + "' holds a run of core revision " +
                   std::to_string(earlier.run.core_revision) + ", this is " +
                   std::to_string(now.core_revision) +
                   ", and without its state what was done would be computed again by other code: "
                   "finish it with the old binary, or --overwrite to begin anew"};
}

Result<void> check_state_of(const files::Manifest& run, const ReplayOptions& options) {
  std::error_code ignored;
  if (run.partitions.empty() || options.state_dir.empty() ||
      !std::filesystem::exists(key_file(options), ignored)) {
    return {};
  }
  const auto key = files::read_file(key_file(options));
  if (!key) return key.error();
  if (*key == std::to_string(run.key) + "\n") return {};
  return Error{Errc::wrong_input, "state",
               "'" + options.state_dir + "' is the state of another run than that in '" +
                   options.out_dir + "': give its own, or an empty one"};
}

Result<void> keep_state_of(const files::Manifest& run, const ReplayOptions& options) {
  if (options.state_dir.empty()) return {};
  return files::write_atomically(key_file(options), std::to_string(run.key) + "\n", false);
}

Result<void> check_overwrite(const ReplayOptions& options) {
  if (!options.overwrite || options.state_dir.empty()) return {};
  const auto state = StoredState::open(options.state_dir);
  if (!state) return state.error().code == Errc::usage ? Result<void>{} : state.error();
  if (!state->used()) return {};
  return Error{Errc::usage, "--overwrite",
               "the state directory '" + options.state_dir +
                   "' holds what an earlier run made: delete it, or name another one"};
}

}  // namespace fealty::cli
