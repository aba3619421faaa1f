#include "reload_signal.hpp"

#include <sys/stat.h>

#include <csignal>
#include <utility>

namespace fealty::cli {
namespace {

std::atomic<bool>& flag() {
  static std::atomic<bool> hangup{false};
  return hangup;
}
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

void on_hangup(int) { flag().store(true, std::memory_order_relaxed); }

}  // namespace

std::atomic<bool>& hangup_signal() {
  static const bool installed = [] {
    struct sigaction action = {};
    action.sa_handler = on_hangup;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGHUP, &action, nullptr);
    return true;
  }();
  static_cast<void>(installed);
  return flag();
}

std::optional<FileVersion> file_version(const std::string& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
  constexpr std::int64_t ns_per_s = 1'000'000'000;
  return FileVersion{.inode = found.st_ino,
                     .size = static_cast<std::uint64_t>(found.st_size),
                     .modified_ns = found.st_mtim.tv_sec * ns_per_s + found.st_mtim.tv_nsec};
}

ReloadSignal::ReloadSignal(std::string file, std::atomic<bool>& hangup, Now now, Look look)
    : file_{std::move(file)},
      hangup_{hangup},
      now_{std::move(now)},
      look_{std::move(look)},
      looked_{now_()},
      told_{look_(file_)} {}

Reload ReloadSignal::take() {
  const bool hangup = hangup_.exchange(false, std::memory_order_relaxed);
  if (!hangup && now_() - looked_ < look_every) return Reload::no;
  looked_ = now_();
  const auto seen = look_(file_);
  if (hangup) {
    // Whoever is told reads the file as it is now; what follows is another change.
    told_ = seen;
    settling_.reset();
    return Reload::hangup;
  }
  if (!seen || seen == told_) {
    settling_.reset();
    return Reload::no;
  }
  if (seen != settling_) {
    settling_ = seen;
    return Reload::no;
  }
  told_ = seen;
  settling_.reset();
  return Reload::file_changed;
}

}  // namespace fealty::cli
