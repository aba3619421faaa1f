#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// Every command of `fealty`, in the order of its help. Each runs from within app.parse() and
/// leaves its result in `exit_code`, which must outlive `app`.
void add_commands(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
