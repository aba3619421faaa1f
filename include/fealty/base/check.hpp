#pragma once

namespace fealty {

/// Ends the process with `why`. Called by check(); never returns.
[[noreturn]] void check_failed(const char* why, const char* file, int line);

/// Holds `condition`, or ends the process saying `why` (a string literal) and where.
/// Always on, in release too: a broken invariant must not write a wrong number. For programmer
/// errors only; input that is wrong gets an Error.
constexpr void check(bool condition, const char* why, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (!condition) [[unlikely]] {
    check_failed(why, file, line);
  }
}

}  // namespace fealty
