#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty record`: a topic as logs that replay to the same bytes.
void add_record_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
