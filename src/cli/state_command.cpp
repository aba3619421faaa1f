#include "state_command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "exit_code.hpp"

namespace fealty::cli {
namespace {

using Options = std::shared_ptr<StateCommandOptions>;

CLI::App* add(CLI::App& state, const Options& options, int& exit_code, const char* name,
              const char* description, Result<int> (*run)(const StateCommandOptions&)) {
  CLI::App* const command = state.add_subcommand(name, description);
  command->add_option("--state", options->state, "State directory")->required();
  command
      ->add_option("--program", options->programs,
                   "Program file, once for each generation (default: the copies beside the state)")
      ->allow_extra_args(false);
  command->callback([options, &exit_code, run] {
    const auto done = run(*options);
    exit_code = done ? *done : fail(done.error());
  });
  return command;
}

}  // namespace

void add_state_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StateCommandOptions>();
  CLI::App* const state = app.add_subcommand("state", "Looks into a state directory from outside");
  state->require_subcommand(1);

  CLI::App* const verify = add(
      *state, options, exit_code, "verify",
      "Checks table files, ledger, rows and timers, and with --config the changelog; nobody may "
      "write to the directory meanwhile",
      verify_state);
  verify->add_option("--config", options->service,
                     "Service file (YAML): compare with its changelog topic, too");
  verify->add_option("--scratch", options->scratch,
                     "Directory for that comparison, with room for another copy of the state "
                     "(default: the system's for temporary files)");
  verify->add_option("--faults-max", options->faults_max, "Faults to show; all are counted")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  verify->add_flag("--json", options->json, "One JSON object");

  CLI::App* const stats =
      add(*state, options, exit_code, "stats",
          "Members by level, points owed, rows, bytes, positions", show_state_stats);
  stats->add_flag("--json", options->json, "One JSON object");

  CLI::App* const exported =
      add(*state, options, exit_code, "export",
          "Every member as a line of members.ndjson, or with --ledger every entry as one of "
          "ledger.ndjson",
          export_state);
  exported->add_flag("--ledger", options->ledger, "The ledger instead of the members");
  exported->add_option("--out", options->out, "File to write (default: stdout)");
}

}  // namespace fealty::cli
