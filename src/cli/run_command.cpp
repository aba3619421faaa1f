#include "run_command.hpp"

#include <memory>
#include <string>
#include <vector>

#include "exit_code.hpp"
#include "ingest.hpp"
#include "service_settings.hpp"
#include "stop_signal.hpp"

namespace fealty::cli {
namespace {

struct RunOptions {
  std::string config;
  std::vector<std::string> sets;
};

int run(const RunOptions& options) {
  const auto service = service_settings(options.config, options.sets);
  if (!service) return fail(service.error());
  const auto done = run_service(*service, stop_signal());
  return done ? exit_ok : fail(done.error());
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* const command =
      app.add_subcommand("run", "Run live on Kafka until SIGTERM; drains and commits");
  command->add_option("--config", options->config, "Service file (YAML)")->required();
  command->add_option("--set", options->sets, "Setting over the file: a.b=value; may be repeated");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace fealty::cli
