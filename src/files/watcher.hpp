#pragma once

#include <chrono>
#include <string>

#include "os.hpp"

namespace fealty::files {

/// Waits until something happens in a directory. Where inotify is not to be had (or does not see
/// the writer, as on network file systems), waits are short and the caller looks for itself.
/// Threads: wait() from one, wake() from any.
class Watcher {
 public:
  Watcher();
  /// Also wait for changes of files in `dir`.
  void watch(const std::string& dir);
  /// Until a change, readability of `also_fd` (-1 = none), wake(), or `timeout`; may return early.
  void wait(std::chrono::milliseconds timeout, int also_fd);
  void wake();

 private:
  Fd wake_fd_;
  Fd inotify_fd_;
};

}  // namespace fealty::files
