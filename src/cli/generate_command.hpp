#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty generate`: a synthetic shop's events on standard output.
void add_generate_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
