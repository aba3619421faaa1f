#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty replay`: recorded logs through the same path as live events.
void add_replay_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
