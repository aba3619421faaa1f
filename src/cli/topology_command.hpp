#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty topology`: prints the stages that run, from the same object that runs.
/// Registered on `app`; when it was asked for, its result goes to `exit_code`, which must outlive
/// app.
void add_topology_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
