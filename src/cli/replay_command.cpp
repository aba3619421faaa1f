#include "replay_command.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/config/service.hpp"
#include "fealty/log/log.hpp"
#include "progress.hpp"
#include "replay.hpp"
#include "replay_threads.hpp"
#include "standard_streams.hpp"
#include "stop_signal.hpp"
#include "terminal_view.hpp"

namespace fealty::cli {
namespace {

/// Where no record could be used, which as a rule the format is to blame for: says so.
bool said_nothing_applied(const ReplayOutcome& done, const ReplayOptions& options) {
  const runtime::Counters& counted = done.counters;
  const bool none = counted.records > 0 && counted.applied + counted.duplicates == 0;
  if (!none || (counted.deadlettered == 0 && done.better_formats.empty())) return false;
  std::string formats;
  for (const std::string& format : done.better_formats) {
    formats += (formats.empty() ? "" : " or ") + ("--format " + format);
  }
  const std::string hint =
      formats.empty() ? "is --format " + options.mapping + " what they are in?"
                      : "the first of them would be read with " + formats + " (and --overwrite)";
  say("fealty: nothing was applied: {} of {} records were dead-lettered, {} of an unknown type; "
      "{}/deadletters.ndjson says why of each; {}\n",
      counted.deadlettered, counted.records, counted.skipped, printable(options.out_dir),
      printable(hint));
  return true;
}

int run_replay(const ReplayOptions& options) {
  log::set_level(log::Level::warn);  // The bar and the last line say what there is to say.
  ProgressBar bar;
  TerminalView view;
  ReplayHooks hooks;
  if (options.view) {
    hooks.opened = [&](const program::Series& series, std::vector<std::int64_t> by_level) {
      view.begin(series.newest(), std::move(by_level));
    };
    hooks.outputs = [&](const ports::OutputBuffer& out) { view.saw(out); };
    hooks.progress = [&](const ReplayProgress& now) { view.update(now); };
  } else if (options.progress) {
    hooks.progress = [&](const ReplayProgress& now) {
      bar.update(now.done_bytes, now.total_bytes, now.counters.records + now.counters.recovered);
    };
  }
  const auto done = replay(options, hooks, stop_signal());
  options.view ? view.finish() : bar.finish();
  if (!done) return fail(done.error());
  const runtime::Counters& counted = done->counters;
  say("fealty: {}{} records: {} applied, {} duplicates, {} skipped, {} dead-lettered; "
      "{} points issued; see {}/report.json\n",
      done->nothing_was_left ? "nothing was left to do: the run is finished; " : "",
      counted.records, counted.applied, counted.duplicates, counted.skipped, counted.deadlettered,
      counted.points_issued, printable(options.out_dir));
  return said_nothing_applied(*done, options) ? exit_failure : exit_ok;
}

}  // namespace

void add_replay_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* const command = app.add_subcommand(
      "replay", "Replay recorded logs: the same log and program give the same bytes");
  command
      ->add_option("logs", options->logs,
                   "Logs in order: files (ndjson, delimited, .gz, .zst; those of `fealty record`, "
                   "of one partition), directories, -")
      ->required();
  command
      ->add_option("--program", options->programs,
                   "Program file (YAML); once for each generation, or a directory of them")
      ->required()
      ->allow_extra_args(false);
  command
      ->add_option("--out", options->out_dir, "Output directory; a killed run in it is continued")
      ->required();
  command->add_option("--state", options->state_dir,
                      "State directory (RocksDB); default: memory, gone at the end");
  command->add_option("--format", options->mapping, "Mapping preset or file")
      ->capture_default_str();
  command
      ->add_option("--partitions", options->partitions,
                   "Tasks to spread the members over; what is worked on at the same time")
      ->check(CLI::Range(1U, 4096U))
      ->default_str(std::to_string(replay_partitions_default));
  options->workers = replay_workers_default();
  command
      ->add_option(
          "--workers", options->workers,
          "Workers: 1 does all on one thread, 2 read and decode ahead and write beside, "
          "more share out the partitions, too; default: the cores. The same bytes with any "
          "number")
      ->check(CLI::Range(1U, config::workers_max))
      ->capture_default_str();
  command->add_flag("--follow", options->follow,
                    "Keep reading growing logs until SIGINT or SIGTERM");
  command->add_flag("--overwrite", options->overwrite,
                    "Begin anew where --out holds an earlier run");
  command->add_flag("--what-if", options->what_if,
                    "Replay a record (fealty record) under another program or format than it was "
                    "recorded of");
  command->add_flag("!--no-progress", options->progress, "No progress bar");
  command->add_flag(
      "--view", options->view,
      "Show rates, members per level, points, churn and the last notices while it runs");
  command->add_flag("!--no-fsync", options->durable, "Do not wait for the disk at commits");
  command->add_flag(
      "!--no-wal", options->wal,
      "Leave out RocksDB's own log: faster, and a kill makes it read more input again");
  command->add_option("--batch", options->batch_records, "Records a batch")
      ->check(CLI::Range(1U, 1'000'000U))
      ->capture_default_str();
  command->add_option("--commit-events", options->commit_events, "Records a commit")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--commit-interval-ms", options->commit_interval_ms,
                      "Commit at least this often; 0 = by records only, with --follow 1000");
  command
      ->add_option("--checkpoint-distance", options->checkpoint_distance,
                   "Records that a change may wait for its save")
      ->capture_default_str();
  command
      ->add_option("--memory-bytes", options->memory_bytes,
                   "Budget of all that grows with load: members, store, saves, outputs")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  command->footer(
      "A run that was stopped or killed goes on where it was; its report counts all of it, and so "
      "do\n"
      "seconds and events_per_second. It is refused (exit 2) where program, mapping, partitions or "
      "the\n"
      "content of the logs read so far are not those it began with; names of logs may change.\n"
      "Exit 1 where records came but none could be applied: a wrong --format, as a rule.");
  command->callback([options, &exit_code] { exit_code = run_replay(*options); });
}

}  // namespace fealty::cli
