#include <fmt/format.h>
#include <malloc.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "commands.hpp"
#include "exit_code.hpp"
#include "fealty/base/printable.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/version.hpp"
#include "standard_streams.hpp"

namespace {

int run(int argc, char** argv) {
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
    std::ostringstream out, messages;
    exit_code =
        app.exit(error, out, messages) == 0 ? fealty::cli::exit_ok : fealty::cli::exit_usage;
    fealty::cli::say_text(messages.str());
    fmt::print("{}", out.str());
  }
  return exit_code;
}

/// Threads that librdkafka does not give back may still touch anything: nothing is destroyed then.
int leave(int code) {
  if (!fealty::kafka::left_behind()) return code;
  std::fflush(nullptr);
  std::_Exit(code);
}

}  // namespace

int main(int argc, char** argv) {
  fealty::cli::prepare_standard_streams();
  // Members come and go by the million: growing the heap in small steps costs a tenth of the time.
  mallopt(M_TOP_PAD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
  try {
    return leave(fealty::cli::finish_output(run(argc, argv)));
  } catch (const std::system_error& error) {
    return leave(fealty::cli::finish_output(error));
  }
}
