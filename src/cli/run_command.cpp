#include "run_command.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "exit_code.hpp"
#include "fealty/config/service.hpp"
#include "fealty/kafka/bus.hpp"
#include "live.hpp"
#include "stop_signal.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace fealty::cli {
namespace {

struct RunOptions {
  std::string config;
  std::vector<std::string> sets;
};

/// File, then environment, then --set: the last one wins.
Result<config::ServiceConfig> settings(const RunOptions& options) {
  std::vector<const char*> environment;
  for (char** at = environ; *at != nullptr; ++at) environment.push_back(*at);
  auto overrides = config::environment_overrides(environment);
  for (const std::string& text : options.sets) {
    auto set = config::parse_set(text);
    if (!set) return set.error();
    overrides.push_back(std::move(*set));
  }
  return config::load_service(options.config, overrides);
}

int run(const RunOptions& options) {
  const auto service = settings(options);
  if (!service) return fail(service.error());
  const auto done = run_live(*service, stop_signal());
  const int code = done ? exit_ok : fail(done.error());
  if (kafka::left_behind()) {  // Nothing that these threads may still touch is to be destroyed.
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return code;
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
