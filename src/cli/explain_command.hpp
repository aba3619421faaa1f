#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty explain --state DIR | --socket PATH ID`: each ledger entry with its rule, version and
/// cause. Registered on `app`; when it was asked for, its result goes to `exit_code`, which must
/// outlive app.
void add_explain_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
