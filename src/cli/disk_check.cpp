#include "disk_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

namespace fealty::cli {
namespace {

namespace fs = std::filesystem;
using kafka::Finding;
using kafka::Verdict;

/// The directory, or the nearest one above it that there is.
fs::path existing(fs::path path) {
  std::error_code error;
  while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path;
}

Finding writable(const std::string& state_dir, const fs::path& at) {
  Finding out{"state " + state_dir, Verdict::ok, {}, {}};
  out.code = Errc::store_unavailable;
  std::error_code error;
  if (!fs::is_directory(at, error)) {
    out.verdict = Verdict::failed;
    out.reason = at.string() + " is no directory";
    out.mend = "give another state.dir";
    return out;
  }
  const std::string probe = (at / fmt::format(".fealty-check-{}", ::getpid())).string();
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = file >= 0 && ::write(file, "x", 1) == 1 && ::fsync(file) == 0;
  const int why = errno;
  if (file >= 0) {
    ::close(file);
    ::unlink(probe.c_str());
  }
  if (written) {
    if (at != fs::path{state_dir}.lexically_normal()) out.reason = "does not exist; `run` makes it";
    return out;
  }
  out.verdict = Verdict::failed;
  out.reason = fmt::format("{}: {}", at.string(), std::generic_category().message(why));
  out.mend =
      why == ENOSPC ? "free some space" : fmt::format("chown {} {}", ::geteuid(), at.string());
  return out;
}

/// The process that holds RocksDB's lock, without taking it.
std::optional<int> holder_of(const std::string& lock) {
  const int file = ::open(lock.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  struct flock asked {};
  asked.l_type = F_WRLCK;
  asked.l_whence = SEEK_SET;
  const bool held = ::fcntl(file, F_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
  ::close(file);
  return held ? std::optional{static_cast<int>(asked.l_pid)} : std::nullopt;
}

Finding lock_of(const fs::path& state_dir) {
  Finding out{"state lock", Verdict::ok, "nobody holds it", {}};
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(
           state_dir, fs::directory_options::skip_permission_denied, error)) {
    if (entry.path().filename() != "LOCK") continue;
    const auto pid = holder_of(entry.path().string());
    if (!pid) continue;
    out.verdict = Verdict::warning;
    out.reason = fmt::format("process {} works with it; a second one would refuse", *pid);
    out.mend = fmt::format("if it is not meant to run: kill -TERM {}", *pid);
    return out;
  }
  return out;
}

Finding space_at(const fs::path& at) {
  constexpr std::uintmax_t scarce = std::uintmax_t{1} << 30, none = std::uintmax_t{64} << 20;
  std::error_code error;
  const auto space = fs::space(at, error);
  Finding out{
      "space " + at.string(), Verdict::ok, fmt::format("{} MiB free", space.available >> 20U), {}};
  out.code = Errc::store_unavailable;
  if (error) return {out.check, Verdict::unchecked, error.message(), {}};
  if (space.available >= scarce) return out;
  out.verdict = space.available < none ? Verdict::failed : Verdict::warning;
  out.mend =
      "free some space, or give state.dir on a larger disk: the store grows with members "
      "and their history";
  return out;
}

}  // namespace

std::vector<Finding> check_disk(const std::string& state_dir) {
  const fs::path at = existing(fs::absolute(state_dir).lexically_normal());
  std::vector<Finding> out{writable(state_dir, at)};
  std::error_code error;
  if (fs::is_directory(state_dir, error)) out.push_back(lock_of(state_dir));
  out.push_back(space_at(at));
  return out;
}

}  // namespace fealty::cli
