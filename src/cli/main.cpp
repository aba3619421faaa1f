#include <malloc.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "commands.hpp"
#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/version.hpp"

int main(int argc, char** argv) {
  // Members come and go by the million: growing the heap in small steps costs a tenth of the time.
  mallopt(M_TOP_PAD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
  CLI::App app{"Live loyalty from real events: points, levels and churn risk per member."};
  app.name("fealty");
  app.set_version_flag("--version", "fealty " FEALTY_VERSION);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "The help of every command");

  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {  // it quotes arguments
    return CLI::FailureMessage::simple(
        failed, {error.get_name(), fealty::printable(error.what()), error.get_exit_code()});
  });

  int exit_code = fealty::cli::exit_ok;
  fealty::cli::add_commands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? fealty::cli::exit_ok : fealty::cli::exit_usage;
  }
  return exit_code;
}
