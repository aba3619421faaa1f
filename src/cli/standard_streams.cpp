#include "standard_streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "exit_code.hpp"

namespace fealty::cli {
namespace {

/// Whether stdout is a pipe or socket that nobody reads any more.
bool reader_gone() {
  pollfd out{.fd = STDOUT_FILENO, .events = 0, .revents = 0};
  return ::poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

int output_failed(int error_number, int exit_code) {
  if (error_number == EPIPE || reader_gone()) return exit_code;
  const std::string why =
      error_number == 0 ? std::string{} : std::generic_category().message(error_number);
  const int failed = fail({Errc::output_unwritable, "stdout", why});
  return exit_code == exit_ok ? failed : exit_code;
}

}  // namespace

void prepare_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // The lowest free number, which is this one. The wrong way round: using it is an error.
    [[maybe_unused]] const int taken =
        ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  std::signal(SIGPIPE, SIG_IGN);
}

int finish_output(int exit_code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  return output_failed(errno, exit_code);
}

int finish_output(const std::system_error& error) {
  if (std::ferror(stdout) != 0) return output_failed(error.code().value(), exit_ok);
  say("fealty: failure: {}\n", error.what());
  return exit_failure;
}

void say_text(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace fealty::cli
