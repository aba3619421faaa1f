#include "log_list.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace fealty::files {
namespace {

namespace fs = std::filesystem;

FileStamp stamp_of(const struct stat& status) {
  constexpr std::uint64_t ns_a_second = 1'000'000'000;
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .bytes = static_cast<std::uint64_t>(status.st_size),
          .changed_ns = static_cast<std::uint64_t>(status.st_ctim.tv_sec) * ns_a_second +
                        static_cast<std::uint64_t>(status.st_ctim.tv_nsec)};
}

Result<std::vector<std::string>> files_in(const std::string& dir) {
  std::error_code error;
  std::vector<std::string> found;
  for (fs::directory_iterator it{dir, error}, end; !error && it != end; it.increment(error)) {
    std::error_code ignored;  // a file may go while it is looked at
    const bool hidden = it->path().filename().string().starts_with('.');
    if (!hidden && it->is_regular_file(ignored)) found.push_back(it->path().string());
  }
  if (error) return path_error(Errc::input_unreadable, dir, error.message());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<LogList> LogList::expand(const std::vector<std::string>& names) {
  LogList list;
  if (std::count(names.begin(), names.end(), "-") > 1) {
    return Error{Errc::usage, "LOG", "standard input can be read only once"};
  }
  for (const std::string& name : names) {
    list.last_dir_.clear();
    if (name == "-") {
      list.paths_.push_back(name);
      continue;
    }
    struct stat status {};
    if (::stat(name.c_str(), &status) != 0) return errno_error(Errc::input_unreadable, name);
    if (!S_ISDIR(status.st_mode)) {
      list.paths_.push_back(name);
      continue;
    }
    auto found = files_in(name);
    if (!found) return found.error();
    list.last_dir_ = name;
    list.last_dir_first_ = list.paths_.size();
    list.paths_.insert(list.paths_.end(), found->begin(), found->end());
  }
  return list;
}

std::string LogList::watched_dir() const {
  if (!last_dir_.empty()) return last_dir_;
  if (paths_.empty() || paths_.back() == "-") return {};
  const auto parent = fs::path{paths_.back()}.parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<void> LogList::look_again() {
  if (last_dir_.empty()) return {};
  auto found = files_in(last_dir_);
  if (!found) return found.error();
  // Files already known may have been deleted since; what is new must sort behind all of them.
  for (const std::string& path : *found) {
    const bool first = paths_.size() == last_dir_first_;
    if (first || path > paths_.back()) {
      paths_.push_back(path);
    } else if (!std::binary_search(paths_.begin() + static_cast<std::ptrdiff_t>(last_dir_first_),
                                   paths_.end(), path)) {
      return path_error(Errc::input_gap, path, "appeared before files that were already read");
    }
  }
  return {};
}

Result<OpenedLog> open_log(const std::string& path, int stdin_fd) {
  OpenedLog log;
  log.identity.path = path;
  if (path == "-") {
    log.fd = Fd{::fcntl(stdin_fd, F_DUPFD_CLOEXEC, 0)};
    if (!log.fd.valid()) return errno_error(Errc::input_unreadable, "stdin");
    return log;
  }
  log.fd = open_fd(path, O_RDONLY | O_NONBLOCK);  // opening a FIFO must not wait for its writer
  struct stat status {};
  if (!log.fd.valid() || ::fstat(log.fd.get(), &status) != 0) {
    return errno_error(Errc::input_unreadable, path);
  }
  if (S_ISDIR(status.st_mode)) return path_error(Errc::input_unreadable, path, "Is a directory");
  log.regular = S_ISREG(status.st_mode);
  if (!log.regular) return log;

  log.bytes = static_cast<std::uint64_t>(status.st_size);
  log.identity.stamp = stamp_of(status);
  return log;
}

FileStamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return stamp_of(status);
}

}  // namespace fealty::files
