#include "record_command.hpp"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/log/log.hpp"
#include "record.hpp"
#include "standard_streams.hpp"
#include "stop_signal.hpp"

namespace fealty::cli {
namespace {

int run_record(const RecordOptions& options) {
  log::set_level(log::Level::error);  // What goes wrong is told once, at the end.
  const auto done = record(options, stop_signal());
  int code = exit_ok;
  if (done) {
    for (const RecordedPartition& one : *done) {
      fmt::print("partition {}: offsets {} to {}: {} records ({} refused), {} clock advances: {}\n",
                 one.partition, one.from, one.to, one.records, one.refused, one.advances,
                 printable(one.file));
    }
  } else if (stop_signal().load()) {
    say("fealty: stopped before the end: nothing was kept\n");
    code = exit_failure;
  } else if (done.error().code == Errc::input_gap) {  // Its way out is no matter of a state.
    say("fealty: {}\n", printable(to_string(done.error())));
    code = exit_code(done.error().code);
  } else {
    code = fail(done.error());
  }
  return code;
}

}  // namespace

void add_record_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RecordOptions>();
  CLI::App* const command = app.add_subcommand(
      "record", "Export a topic to log files that `fealty replay` turns into the same bytes");
  command->add_option("--config", options->service, "Service file (YAML)")->required();
  command->add_option("--out", options->out_dir, "Directory for the logs; new, or empty")
      ->required();
  command->add_option("--topic", options->topic, "Another topic than the service's input");
  command->add_option("--partition", options->partitions,
                      "Only this partition; may be repeated (default: all)");
  command->add_option("--from", options->from,
                      "First offset, or the time of the first record (2026-01-31T00:00:00Z); "
                      "default: what there is");
  command->add_option("--to", options->to,
                      "Offset or time before which it ends; default: the end as it is now");
  command->add_flag("--records-only", options->records_only,
                    "Leave out what the workers decided beside the records: when the clock moved "
                    "on while none came, which they refused, which programs they went by");
  command->add_option("--set", options->sets, "Setting over the file: a.b=value; may be repeated");
  command->footer(
      "One log a partition; replay each by itself, with the programs it went by, a copy of which "
      "is in\n"
      "programs/:  fealty replay --program OUT/programs --out REPLAYED OUT/partition-0.ndjson\n"
      "After a failure nothing is left in the directory.");
  command->callback([options, &exit_code] { exit_code = run_record(*options); });
}

}  // namespace fealty::cli
