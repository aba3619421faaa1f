#include "replay.hpp"

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
#include "fealty/files/file_sink.hpp"
#include "fealty/files/file_source.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "fealty/runtime/memory_budget.hpp"
#include "fealty/topologies/members.hpp"
#include "format_hint.hpp"
#include "log_header.hpp"
#include "members_file.hpp"
#include "open_store.hpp"
#include "program_beside.hpp"
#include "records.hpp"
#include "replay_checks.hpp"
#include "replay_report.hpp"
#include "replay_threads.hpp"

namespace fealty::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

runtime::MembersOptions members_options(const ReplayOptions& options, const program::Series& series,
                                        const Records& records) {
  runtime::MembersOptions members;
  members.flush.distance_events = options.checkpoint_distance;
  members.flush.distance = std::chrono::seconds{options.follow ? 60 : 1'000'000};
  const runtime::MemoryBudget memory{options.memory_bytes, false};
  members.cache_bytes = memory.members();
  members.flush.bytes_max = memory.saves_of_a_commit();
  members.file_partitions = options.partitions;
  members.lanes = replay_threads(options.workers, options.partitions).lanes;
  members.clock_jump_max = std::chrono::days{series.first().clock_jump_days_max};
  members.program_id = series.first().id;
  members.generations = generations_of(series);
  as_recorded(records, series, members);
  return members;
}

runtime::CommitLoopOptions loop_options(const ReplayOptions& options) {
  runtime::CommitLoopOptions loop;
  loop.pipeline.queue_bytes_max = runtime::MemoryBudget{options.memory_bytes, false}.outputs();
  loop.input.records_max = options.batch_records;
  const ReplayThreads threads = replay_threads(options.workers, options.partitions);
  loop.input.threads = threads.decoders;
  if (!threads.beside) loop.pipeline.steps_behind = [] { return 0U; };
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

/// members.ndjson and its sha256: from memory where everybody is there, beside the last save or
/// after it; else from the stores after it.
class MembersFile {
 public:
  MembersFile(std::string path, const runtime::Topology& topology, const runtime::Members& members,
              bool beside_the_save)
      : path_{std::move(path)},
        topology_{topology},
        members_{members},
        beside_the_save_{beside_the_save} {}
  /// All of the input is applied.
  void begin() {
    if (!members_.holds_every_member()) return;
    const auto when = beside_the_save_ ? std::launch::async : std::launch::deferred;
    from_memory_ = std::async(when, [this] {
      return write([this](const auto& visit) { return members_.visit_members(visit); });
    });
  }
  Result<std::string> finish() {
    if (from_memory_.valid()) return from_memory_.get();
    return write([this](const auto& visit) { return visit_members(members_.stores(), visit); });
  }

 private:
  Result<std::string> write(const VisitMembers& members) {
    return write_members_file(path_, members, topology_, members_.clock());
  }
  const std::string path_;
  const runtime::Topology& topology_;
  const runtime::Members& members_;
  const bool beside_the_save_;
  std::future<Result<std::string>> from_memory_;
};

/// Where a run fails before its first commit, nothing of it stays.
class Withdrawal {
 public:
  explicit Withdrawal(files::FileSink& sink) : sink_{sink} {}
  Withdrawal(const Withdrawal&) = delete;
  Withdrawal& operator=(const Withdrawal&) = delete;
  ~Withdrawal() { sink_.withdraw(); }

 private:
  files::FileSink& sink_;
};

}  // namespace

Result<ReplayOutcome> replay(const ReplayOptions& asked, const ReplayHooks& hooks,
                             const std::atomic<bool>& stop) {
  ReplayOptions options = asked;
  const auto begun = SteadyClock::now();
  const auto loaded = config::load_series(options.programs);
  if (!loaded) return loaded.error();
  const program::Series& series = loaded->series;
  auto read_mapping = config::load_mapping(options.mapping);
  if (!read_mapping) return read_mapping.error();
  if (auto checked = check_places(options); !checked) return checked.error();
  const auto records = files::record_headers(options.logs);
  if (!records) return records.error();
  const auto mapping = fit_mapping(std::move(*read_mapping),
                                   records->empty() ? options.logs : std::vector<std::string>{},
                                   series.first().currency);
  if (!mapping) return mapping.error();
  if (auto fit = check_records(*records, series, *mapping, options); !fit) return fit.error();
  const auto topology = topologies::members_topology(series, *mapping, "logs");

  files::FileSinkOptions into{.dir = options.out_dir,
                              .run = identity_of(series, *mapping, topology, options),
                              .streams = topologies::member_streams,
                              .partitions = options.partitions,
                              .durable = options.durable,
                              .overwrite = options.overwrite};
  if (auto fresh = check_overwrite(options); !fresh) return fresh.error();
  const auto earlier = files::FileSink::earlier_run(into);
  if (!earlier) return earlier.error();
  if (options.partitions == 0) {
    const auto as_earlier = static_cast<std::uint32_t>(earlier->partitions.size());
    options.partitions = as_earlier == 0 ? replay_partitions_default : as_earlier;
    into.partitions = options.partitions;
  }
  if (auto same = check_revision(*earlier, into.run, options); !same) return same.error();
  if (auto own = check_state_of(*earlier, options); !own) return own.error();
  if (auto follow = generations_follow(*earlier, series, topology); !follow) return follow.error();
  const ReplayTotals before = from_counts(earlier->counts);
  const ReplayThreads threads = replay_threads(options.workers, options.partitions);
  files::InputIndex index;
  files::FileSource logs{{.logs = options.logs,
                          .partitions = options.partitions,
                          .skip_lines = records->empty() ? mapping->header_lines() : 0,
                          .framing = records->empty() ? framing_of(*mapping) : files::Framing{},
                          .follow = options.follow,
                          .prefetch = threads.beside && worth_prefetching(options.logs)},
                         *earlier,
                         index};
  if (auto same = logs.prepare(); !same) return same.error();
  const auto unpacked = unpack(*records, logs);
  SampledSource source{unpacked ? *unpacked : static_cast<ports::Source&>(logs)};
  auto sink = files::FileSink::open(into, index);
  if (!sink) return sink.error();
  const Withdrawal withdrawal{**sink};
  if (!earlier->partitions.empty() && (*sink)->manifest() != *earlier) {
    return Error{Errc::state_in_use, "out", "another process went on with the run just now"};
  }
  const auto stores = open_stores({.dir = options.state_dir,
                                   .wal = options.wal,
                                   .background = threads.beside,
                                   .memory = runtime::MemoryBudget{options.memory_bytes, false}});
  if (!stores) return stores.error();
  auto owned_members = std::make_unique<runtime::Members>(
      topology, source, nullptr, **stores, members_options(options, series, *records));
  runtime::Members& members = *owned_members;
  runtime::CommitLoop loop{source, topology.decoder, members, **sink, loop_options(options)};

  MembersFile file{options.out_dir + "/members.ndjson", topology, members, threads.beside};
  loop.hooks.on_applied = [&] { file.begin(); };
  // In memory the state is for what does not fit into the cache, and is gone at the end.
  loop.hooks.saves_at_end = [&] {
    return !options.state_dir.empty() || stop.load() || !members.holds_every_member();
  };
  const auto progress = [&] {
    const files::InputProgress read = logs.progress();
    return ReplayProgress{members.counters(), read.done_bytes, read.total_bytes, members.clock(),
                          members.memory().members};
  };
  const auto nothing_was_left = [&] {
    return earlier->complete && members.counters().records == 0;
  };
  const auto totals = [&] {
    ReplayTotals sum = before;
    sum.counters.add(members.counters());
    sum.clock = std::max(sum.clock, members.clock());
    for (const auto& [path, times] : sum.counters.odd_fields.entries()) {
      sum.odd_fields[mapping->path_of(path)] += static_cast<std::int64_t>(times);
    }
    if (!nothing_was_left()) {
      sum.took += std::chrono::ceil<std::chrono::milliseconds>(SteadyClock::now() - begun);
    }
    return sum;
  };
  loop.hooks.may_commit = [&] { return logs.verified(); };
  loop.hooks.on_prepared = [&] { (*sink)->count(to_counts(totals())); };
  members.on_opened = [&]() -> Result<void> {
    if (hooks.opened) hooks.opened(series, members_by_level(series, members));
    if (options.state_dir.empty()) return {};
    if (auto kept = keep_state_of((*sink)->manifest(), options); !kept) return kept;
    return keep_programs_beside(options.state_dir, loaded->files);
  };
  if (hooks.progress) loop.hooks.on_progress = [&] { hooks.progress(progress()); };
  if (hooks.outputs) loop.hooks.on_outputs = hooks.outputs;
  if (auto ran = loop.run(stop); !ran) return ran.error();

  auto sums = (*sink)->sha256();
  if (!sums) return sums.error();
  auto written = file.finish();
  if (!written) return written.error();
  sums->emplace_back("members.ndjson", std::move(*written));
  const ReplayTotals all = totals();
  ReplayOutcome result{all.counters, nothing_was_left(), {}};
  if (result.counters.applied + result.counters.duplicates == 0) {
    result.better_formats =
        presets_that_read(source.first_records(), options.mapping, series.first().currency);
  }
  if (!stop.load()) {
    (*sink)->count(to_counts(all));
    if (auto completed = (*sink)->complete(); !completed) return completed.error();
  }
  if (auto reported = write_report(options.out_dir, all, *sums); !reported) {
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
