#include "replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fealty/config/mapping_loader.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/files/atomic_file.hpp"
#include "fealty/files/file_sink.hpp"
#include "fealty/files/file_source.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "fealty/runtime/memory_budget.hpp"
#include "fealty/topologies/members.hpp"
#include "log_header.hpp"
#include "members_file.hpp"
#include "open_store.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

runtime::MembersOptions members_options(const ReplayOptions& options,
                                        const program::Series& series) {
  runtime::MembersOptions members;
  members.flush.distance_events = options.checkpoint_distance;
  members.flush.distance = std::chrono::seconds{options.follow ? 60 : 1'000'000};
  const runtime::MemoryBudget memory{options.memory_bytes, false};
  members.cache_bytes = memory.members();
  members.flush.bytes_max = memory.saves_of_a_commit();
  members.file_partitions = options.partitions;
  members.clock_jump_max = std::chrono::days{series.first().clock_jump_days_max};
  members.program_id = series.first().id;
  members.generations = generations_of(series);
  return members;
}

runtime::CommitLoopOptions loop_options(const ReplayOptions& options) {
  runtime::CommitLoopOptions loop;
  loop.pipeline.queue_bytes_max = runtime::MemoryBudget{options.memory_bytes, false}.outputs();
  loop.input.records_max = options.batch_records;
  loop.input.ahead = true;
  loop.commit.events_max = options.commit_events;
  const std::uint64_t interval_ms =
      options.commit_interval_ms == 0 && options.follow ? 1000 : options.commit_interval_ms;
  loop.commit.interval = std::chrono::milliseconds{interval_ms};
  return loop;
}

/// Whether a thread that reads ahead earns its keep: where there is something to decompress, or a
/// pipe. Plain files the system reads ahead by itself. By name: only the speed depends on it.
bool worth_prefetching(const std::vector<std::string>& logs) {
  return std::any_of(logs.begin(), logs.end(), [](const std::string& log) {
    std::error_code unknown;
    return log == "-" || log.ends_with(".gz") || log.ends_with(".zst") ||
           !std::filesystem::is_regular_file(log, unknown);
  });
}

std::string time_or_empty(EventTime time) {
  return time == EventTime{} ? std::string{} : to_rfc3339(time);
}

/// Name and sha256 of each file that a replay leaves.
using Sums = std::vector<std::pair<std::string, std::string>>;

/// report.json: counts of this run (a continued run counts what it added), rates, and the sha256 of
/// each file as it stands.
Result<void> write_report(const ReplayOptions& options, const runtime::Counters& counted,
                          const Sums& sums, std::chrono::duration<double> took) {
  std::string files;
  for (const auto& [name, sum] : sums) {
    files += fmt::format("{}\n    \"{}\": \"{}\"", files.empty() ? "" : ",", name, sum);
  }
  const double seconds = std::max(took.count(), 1e-9);
  const std::string report = fmt::format(
      "{{\n  \"events\": {},\n  \"applied\": {},\n  \"duplicates\": {},\n  \"skipped\": {},\n"
      "  \"deadlettered\": {},\n  \"points_issued\": {},\n  \"points_redeemed\": {},\n"
      "  \"points_reversed\": {},\n  \"members_new\": {},\n  \"first_event\": \"{}\",\n"
      "  \"last_event\": \"{}\",\n  \"seconds\": {:.3f},\n  \"events_per_second\": {:.0f},\n"
      "  \"sha256\": {{{}\n  }}\n}}\n",
      counted.records, counted.applied, counted.duplicates, counted.skipped, counted.deadlettered,
      counted.points_issued, counted.points_redeemed, counted.points_reversed, counted.members_new,
      time_or_empty(counted.first_time), time_or_empty(counted.last_time), seconds,
      static_cast<double>(counted.records) / seconds, files);
  return files::write_atomically(options.out_dir + "/report.json", report, false);
}

/// "1", or "1,2" of a series: what a run that is continued is continued with.
std::string versions_of(const program::Series& series) {
  std::string out;
  for (const program::Program& one : series.generations()) {
    out += (out.empty() ? "" : ",") + std::to_string(one.version);
  }
  return out;
}

/// Of the saved members; an unreadable store shows up in the run itself.
std::vector<std::int64_t> members_by_level(const program::Series& series,
                                           const runtime::Members& members) {
  std::vector<std::int64_t> counts(series.newest().levels.size(), 0);
  for (ports::MemberStore* store : members.stores()) {
    const auto scanned = store->scan([&](const member::Record& record) -> Result<void> {
      ++counts[std::min<std::size_t>(record.level.level, counts.size() - 1)];
      return {};
    });
    if (!scanned) break;
  }
  return counts;
}

/// members.ndjson and its sha256: from memory where everybody is there, beside the last save; else
/// from the stores after it.
class MembersFile {
 public:
  MembersFile(std::string path, const runtime::Topology& topology, const runtime::Members& members)
      : path_{std::move(path)}, topology_{topology}, members_{members} {}
  /// All of the input is applied.
  void begin() {
    if (!members_.holds_every_member()) return;
    beside_ = std::async(std::launch::async, [this] {
      return write([this](const auto& visit) { return members_.visit_members(visit); });
    });
  }
  Result<std::string> finish() {
    if (beside_.valid()) return beside_.get();
    return write([this](const auto& visit) { return visit_members(members_.stores(), visit); });
  }

 private:
  Result<std::string> write(const VisitMembers& members) {
    return write_members_file(path_, members, topology_, members_.clock());
  }
  const std::string path_;
  const runtime::Topology& topology_;
  const runtime::Members& members_;
  std::future<Result<std::string>> beside_;
};

}  // namespace

Result<ReplayProgress> replay(const ReplayOptions& options, const ReplayHooks& hooks,
                              const std::atomic<bool>& stop) {
  const auto begun = SteadyClock::now();
  const auto loaded = config::load_series(options.programs);
  if (!loaded) return loaded.error();
  const program::Series& series = loaded->series;
  auto read_mapping = config::load_mapping(options.mapping);
  if (!read_mapping) return read_mapping.error();
  const auto mapping = fit_mapping(std::move(*read_mapping), options.logs, series.first().currency);
  if (!mapping) return mapping.error();

  files::InputIndex index;
  auto sink = files::FileSink::open({.dir = options.out_dir,
                                     .program_id = series.first().id,
                                     .program_version = versions_of(series),
                                     .streams = topologies::member_streams,
                                     .partitions = options.partitions,
                                     .durable = options.durable,
                                     .overwrite = options.overwrite},
                                    index);
  if (!sink) return sink.error();
  files::FileSource source{{.logs = options.logs,
                            .partitions = options.partitions,
                            .skip_lines = mapping->header_lines(),
                            .follow = options.follow,
                            .prefetch = worth_prefetching(options.logs)},
                           (*sink)->manifest(),
                           index};
  const auto topology = topologies::members_topology(series, *mapping, "logs");
  const auto stores = open_stores({.dir = options.state_dir,
                                   .wal = options.wal,
                                   .memory = runtime::MemoryBudget{options.memory_bytes, false}});
  if (!stores) return stores.error();
  auto owned_members = std::make_unique<runtime::Members>(topology, source, nullptr, **stores,
                                                          members_options(options, series));
  runtime::Members& members = *owned_members;
  runtime::CommitLoop loop{source, topology.decoder, members, **sink, loop_options(options)};

  MembersFile file{options.out_dir + "/members.ndjson", topology, members};
  loop.hooks.on_applied = [&] { file.begin(); };
  const auto progress = [&] {
    const files::InputProgress read = source.progress();
    return ReplayProgress{members.counters(), read.done_bytes, read.total_bytes, members.clock(),
                          members.cache().size()};
  };
  members.on_opened = [&]() -> Result<void> {
    if (hooks.opened) hooks.opened(series, members_by_level(series, members));
    if (options.state_dir.empty()) return {};
    return keep_programs_beside(options.state_dir, loaded->files);
  };
  if (hooks.progress) loop.hooks.on_progress = [&] { hooks.progress(progress()); };
  if (hooks.outputs) loop.hooks.on_outputs = hooks.outputs;
  if (auto ran = loop.run(stop); !ran) return ran.error();

  ReplayProgress result = progress();
  auto sums = (*sink)->sha256();
  if (!sums) return sums.error();
  auto written = file.finish();
  if (!written) return written.error();
  sums->emplace_back("members.ndjson", std::move(*written));
  if (!stop.load()) {
    if (auto completed = (*sink)->complete(); !completed) return completed.error();
  }
  if (auto reported = write_report(options, result.counters, *sums, SteadyClock::now() - begun);
      !reported) {
    return reported.error();
  }
  members.close();
  // The process ends with this call, and the system takes its memory faster whole than we could
  // give it back member by member. Volatile: nobody reads it but a leak checker.
  [[maybe_unused]] static const runtime::Members* volatile left_to_the_system = nullptr;
  left_to_the_system = owned_members.release();
  return result;
}

}  // namespace fealty::cli
