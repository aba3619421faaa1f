#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace fealty::cli {

/// Set by each SIGHUP; installs the handler at its first call. Whoever acts on it clears it.
std::atomic<bool>& hangup_signal();

/// What tells a file from an earlier version of it, and from another one put in its place.
struct FileVersion {
  std::uint64_t inode = 0, size = 0;
  std::int64_t modified_ns = 0;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};
/// Of the file that `path` leads to, links followed; nullopt where there is none to look at.
std::optional<FileVersion> file_version(const std::string& path);

/// Why a file should be read again.
enum class Reload : std::uint8_t { no, hangup, file_changed };

/// Tells when a file should be read again: SIGHUP came, or the file changed. A change is told once
/// two looks in a row have seen the same, so that nobody reads what is still being written; a file
/// that is gone is waited for. Make it before the file is first read: what changes later is told.
///
/// Owns:    nothing but what it remembers; borrows `hangup`.
/// Threads: one; `hangup` may be set from a signal handler.
class ReloadSignal {
 public:
  using Clock = std::chrono::steady_clock;
  using Now = std::function<Clock::time_point()>;
  using Look = std::function<std::optional<FileVersion>(const std::string& path)>;
  static constexpr std::chrono::seconds look_every{1};

  ReloadSignal(std::string file, std::atomic<bool>& hangup, Now now = Clock::now,
               Look look = file_version);

  /// Each reason once, a hangup before a change. Call it as often as you like, as between two
  /// batches: the file is looked at once a second.
  [[nodiscard]] Reload take();

 private:
  const std::string file_;
  std::atomic<bool>& hangup_;
  const Now now_;
  const Look look_;
  Clock::time_point looked_;
  std::optional<FileVersion> told_;      // the version that was read, as far as is known
  std::optional<FileVersion> settling_;  // another one, seen once
};

}  // namespace fealty::cli
