#pragma once

#include <fmt/format.h>

#include <string_view>
#include <system_error>
#include <utility>

/// Data goes to stdout and must arrive: a command whose output fails, fails. Messages go to stderr
/// and need not. Commands write to stdout by fmt::print() and leave the rest to main().
namespace fealty::cli {

/// Before anything is opened: a standard descriptor that is closed is taken by one that cannot be
/// used, so that no file is opened in its place and written over; a pipe without a reader is an
/// error to whoever writes, not a signal.
void prepare_standard_streams();

/// Writes out what is left in stdout. The exit code of the process: `exit_code`, but 1, with a
/// message, where not all of its output could be written. A reader that has seen enough, as `head`,
/// is no failure and no message.
int finish_output(int exit_code);
/// The same where fmt::print() threw, or the system failed otherwise.
int finish_output(const std::system_error& error);

/// Writes to stderr as far as that goes.
void say_text(std::string_view text);
template <class... T>
void say(fmt::format_string<T...> format, T&&... values) {
  say_text(fmt::format(format, std::forward<T>(values)...));
}

}  // namespace fealty::cli
