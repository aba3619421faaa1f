#include "os.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace fealty::files {

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Error path_error(Errc code, std::string_view path, std::string_view what) {
  std::string detail{path};
  return {code, {}, detail.append(": ").append(what)};
}

Error errno_error(Errc code, std::string_view path) {
  return path_error(code, path, std::generic_category().message(errno));
}

Fd open_fd(const std::string& path, int flags, unsigned mode) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return Fd{fd};
}

long read_some(int fd, char* to, std::size_t size) {
  long got = 0;
  do {
    got = ::read(fd, to, size);
  } while (got < 0 && errno == EINTR);
  return got;
}

Result<void> write_all(int fd, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_error(Errc::output_unwritable, path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_dir(const std::string& dir) {
  const Fd fd = open_fd(dir, O_RDONLY | O_DIRECTORY);
  if (!fd.valid() || ::fsync(fd.get()) != 0) return errno_error(Errc::output_unwritable, dir);
  return {};
}

}  // namespace fealty::files
