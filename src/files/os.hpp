#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "fealty/base/result.hpp"

namespace fealty::files {

/// A file descriptor, closed at the end of its life.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// "path: No such file or directory", from errno.
Error errno_error(Errc code, std::string_view path);
/// "path: what".
Error path_error(Errc code, std::string_view path, std::string_view what);

/// open(2) again while interrupted.
Fd open_fd(const std::string& path, int flags, unsigned mode = 0);
/// read(2) again while interrupted; -1 on error.
long read_some(int fd, char* to, std::size_t size);
/// Writes all of `bytes`.
Result<void> write_all(int fd, std::string_view bytes, std::string_view path);
/// fsync(2) of a directory, so that the names in it are durable.
Result<void> sync_dir(const std::string& dir);

}  // namespace fealty::files
