#include "fealty/files/log_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "log_list.hpp"
#include "os.hpp"

namespace fealty::files {
namespace {

namespace fs = std::filesystem;

/// Which file it is, whatever it is called.
struct FileId {
  std::uint64_t device = 0, inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};
FileId id_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

std::optional<FileId> id_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return id_of(status);
}

/// With symbolic links resolved as far as the path leads.
fs::path resolved(const std::string& path) {
  std::error_code error;
  fs::path out = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) out = fs::absolute(path, error);
  return out.filename().empty() ? out.parent_path() : out;  // less a '/' at the end
}

/// Whether `path` is `dir` or lies in it.
bool within(const fs::path& path, const fs::path& dir) {
  const auto [rest, _] = std::mismatch(dir.begin(), dir.end(), path.begin(), path.end());
  return rest == dir.end();
}

Error in_the_way(std::string_view path, std::string_view why) {
  return path_error(Errc::usage, path, why);
}

Result<void> check_stdin(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return errno_error(Errc::input_unreadable, "stdin");
  if ((flags & O_ACCMODE) != O_WRONLY) return {};
  return path_error(Errc::input_unreadable, "stdin", "is not open for reading");
}

Result<void> check_readable(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno_error(Errc::input_unreadable, path);
  if (S_ISREG(status.st_mode)) {
    const Fd fd = open_fd(path, O_RDONLY | O_NONBLOCK);
    return fd.valid() ? Result<void>{} : errno_error(Errc::input_unreadable, path);
  }
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) {
    return path_error(Errc::input_unreadable, path, "is neither a file nor a pipe");
  }
  // Not opened: its writer would take the first to close it for the last.
  if (::access(path.c_str(), R_OK) != 0) return errno_error(Errc::input_unreadable, path);
  return {};
}

/// Directories first: what is written into one of them would become a log.
Result<void> check_directories(const LogCheck& check) {
  const fs::path out = resolved(check.out_dir);
  for (const std::string& log : check.logs) {
    std::error_code ignored;
    if (log == "-" || !fs::is_directory(log, ignored)) continue;
    const fs::path dir = resolved(log);
    if (within(out, dir)) {
      return in_the_way(check.out_dir, "the output directory lies in " + log +
                                           ", whose files are read as logs: name another one");
    }
    if (!check.state_dir.empty() && within(resolved(check.state_dir), dir)) {
      return in_the_way(check.state_dir, "the state directory lies in " + log +
                                             ", whose files are read as logs: name another one");
    }
  }
  return {};
}

struct NamedFile {
  std::string name;
  FileId id;
};

/// No output may be one of the files read.
Result<void> check_outputs(const LogCheck& check, const std::vector<NamedFile>& inputs) {
  for (const std::string& file : check.out_files) {
    const std::string path = (fs::path{check.out_dir} / file).string();
    const auto id = id_of(path);
    if (!id) continue;
    for (const NamedFile& input : inputs) {
      if (input.id != *id) continue;
      return in_the_way(path, "is written by the replay, but it is also read, as " + input.name +
                                  ": name another output directory");
    }
  }
  return {};
}

}  // namespace

Result<void> check_logs(const LogCheck& check) {
  const auto list = LogList::expand(check.logs);
  if (!list) return list.error();
  if (auto apart = check_directories(check); !apart) return apart;
  std::vector<NamedFile> inputs;
  for (const std::string& path : list->paths()) {
    if (path == "-") {
      if (auto readable = check_stdin(check.stdin_fd); !readable) return readable;
      struct stat status {};
      if (::fstat(check.stdin_fd, &status) == 0) inputs.push_back({"stdin", id_of(status)});
      continue;
    }
    if (auto readable = check_readable(path); !readable) return readable;
    if (const auto id = id_of(path)) inputs.push_back({path, *id});
    if (!check.state_dir.empty() && within(resolved(path), resolved(check.state_dir))) {
      return in_the_way(path, "lies in the state directory " + check.state_dir +
                                  ": name another state directory");
    }
  }
  if (inputs.empty() && !check.follow) {
    return path_error(Errc::input_unreadable, check.logs.empty() ? "LOG" : check.logs.front(),
                      "holds no logs");
  }
  for (const std::string& path : check.others) {
    if (const auto id = id_of(path)) inputs.push_back({path, *id});
  }
  return check_outputs(check, inputs);
}

}  // namespace fealty::files
