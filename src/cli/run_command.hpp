#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty run`: live on Kafka, until SIGTERM or SIGINT; then drains, saves and commits.
void add_run_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
