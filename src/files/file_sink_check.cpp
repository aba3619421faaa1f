// FileSink: what a run may go on with, and what lies in its way.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "fealty/files/file_sink.hpp"
#include "os.hpp"

namespace fealty::files {
namespace {

namespace fs = std::filesystem;

/// What a run leaves in its directory beside its outputs.
constexpr std::array<std::string_view, 3> run_files = {"members.ndjson", "report.json",
                                                       manifest_name};
std::vector<std::string> left_files(ports::StreamTable streams) {
  std::vector<std::string> files{run_files.begin(), run_files.end()};
  for (const ports::StreamSpec& stream : streams) {
    if (stream.to_files) files.push_back(std::string{stream.name} + ".ndjson");
  }
  return files;
}

Result<void> check_nothing_in_the_way(const FileSinkOptions& options) {
  for (const std::string& name : left_files(options.streams)) {
    const fs::path path = fs::path{options.dir} / name;
    std::error_code ignored;
    if (!fs::exists(path, ignored)) continue;
    return Error{Errc::usage, "out",
                 path.string() +
                     " is there, but no manifest.json of a run to go on with; name "
                     "another directory, or ask to overwrite this one"};
  }
  return {};
}

/// A run is gone on with by the program, mapping and partitions that it began with; further
/// generations of the program may follow.
Result<void> check_continues(const Manifest& earlier, const FileSinkOptions& options) {
  const RunIdentity &then = earlier.run, &now = options.run;
  if (then.program_id != now.program_id) {
    return path_error(Errc::wrong_program, options.dir,
                      "holds a run of program " + then.program_id + ", not of " + now.program_id);
  }
  const bool same =
      then.generations.size() <= now.generations.size() &&
      std::equal(then.generations.begin(), then.generations.end(), now.generations.begin());
  if (!same) {
    return path_error(Errc::wrong_program, options.dir,
                      "holds a run of program " + then.program_id + " version " +
                          then.program_version + ", but what is given as version " +
                          now.program_version + " has other content or lacks some of it");
  }
  if (then.mapping_fingerprint != now.mapping_fingerprint) {
    return path_error(
        Errc::wrong_input, options.dir,
        "holds a run whose logs were read with the mapping " + then.mapping + ", not " +
            (then.mapping == now.mapping ? "with its present content" : "with " + now.mapping));
  }
  if (options.partitions != 0 && earlier.partitions.size() != options.partitions) {
    return Error{Errc::usage, "partitions",
                 options.dir + " holds a run with " + std::to_string(earlier.partitions.size()) +
                     " partitions; go on with as many"};
  }
  return {};
}

}  // namespace

Result<Manifest> FileSink::earlier_run(const FileSinkOptions& options) {
  if (options.overwrite) return Manifest{};
  auto earlier = load_manifest(options.dir);
  if (!earlier) return earlier.error();
  if (!*earlier) {
    if (auto free = check_nothing_in_the_way(options); !free) return free.error();
    return Manifest{};
  }
  if (auto fits = check_continues(**earlier, options); !fits) return fits.error();
  return std::move(**earlier);
}

std::vector<std::string> FileSink::files_of(ports::StreamTable streams) {
  std::vector<std::string> files = left_files(streams);
  for (const std::string_view name : run_files) files.push_back(std::string{name} + ".tmp");
  return files;
}

}  // namespace fealty::files
