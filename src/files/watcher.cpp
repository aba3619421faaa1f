#include "watcher.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "fealty/base/check.hpp"

namespace fealty::files {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds look_every{1000};           // writers that inotify does not see
constexpr milliseconds look_every_unwatched{100};  // no inotify at all

}  // namespace

Watcher::Watcher()
    : wake_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      inotify_fd_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)} {
  check(wake_fd_.valid(), "an eventfd can be had");
}

void Watcher::watch(const std::string& dir) {
  constexpr std::uint32_t changes = IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE;
  if (!inotify_fd_.valid()) return;
  if (::inotify_add_watch(inotify_fd_.get(), dir.c_str(), changes) < 0) inotify_fd_ = Fd{};
}

void Watcher::wait(milliseconds timeout, int also_fd) {
  timeout = std::min(timeout, inotify_fd_.valid() ? look_every : look_every_unwatched);
  std::array<pollfd, 3> waiting{{{.fd = wake_fd_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = inotify_fd_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = also_fd, .events = POLLIN, .revents = 0}}};
  ::poll(waiting.data(), waiting.size(), static_cast<int>(timeout.count()));
  std::array<char, 4096> scrap{};
  if (waiting[0].revents != 0) read_some(wake_fd_.get(), scrap.data(), sizeof(std::uint64_t));
  if (waiting[1].revents != 0) {
    while (read_some(inotify_fd_.get(), scrap.data(), scrap.size()) > 0) {
    }
  }
}

void Watcher::wake() {
  const std::uint64_t one = 1;
  const ssize_t written = ::write(wake_fd_.get(), &one, sizeof one);
  check(written == sizeof one, "an eventfd takes a one");
}

}  // namespace fealty::files
