#pragma once

#include <string>

#include "fealty/base/result.hpp"

namespace fealty::cli {

/// What the process answers its caller. README.md lists them.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 2;  // usage or configuration
inline constexpr int exit_broker = 3;
inline constexpr int exit_state_damaged = 4;
inline constexpr int exit_fenced = 5;
inline constexpr int exit_difference = 6;

/// The one place that maps an error to an exit code.
int exit_code(Errc code);

/// "fealty: what: where: what to do", without a line end; faults of a configuration file, one a
/// line, stand alone. Printable, whatever file, record or broker the detail quotes.
std::string describe(const Error& error);

/// Writes describe() to stderr and returns exit_code().
int fail(const Error& error);

}  // namespace fealty::cli
