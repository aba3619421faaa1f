#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty program diff OLD NEW`.
void add_program_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
