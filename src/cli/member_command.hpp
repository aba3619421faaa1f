#pragma once

#include <CLI/App.hpp>

namespace fealty::cli {

/// `fealty member --state DIR ID | --all`, `fealty member --socket PATH ID`: a member as readers
/// see it. Registered on `app`; when it was asked for, its result goes to `exit_code`, which must
/// outlive app.
void add_member_command(CLI::App& app, int& exit_code);

}  // namespace fealty::cli
