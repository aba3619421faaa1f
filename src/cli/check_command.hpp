#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty check FILE...`: validates program, service and mapping files, told apart by content.
/// Registered on `app`; when it was asked for, its result goes to `exit_code`, which must outlive
/// app.
void add_check_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
