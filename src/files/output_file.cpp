#include "output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fealty::files {

Result<OutputFile> OutputFile::open(std::string path, std::uint64_t bytes, bool durable) {
  OutputFile file;
  file.path_ = std::move(path);
  file.durable_ = durable;
  file.fd_ = open_fd(file.path_, O_WRONLY | O_CREAT, 0666);  // less the umask
  struct stat status {};
  if (!file.fd_.valid() || ::fstat(file.fd_.get(), &status) != 0) {
    return errno_error(Errc::output_unwritable, file.path_);
  }
  if (static_cast<std::uint64_t>(status.st_size) < bytes) {
    return path_error(Errc::store_corrupt, file.path_,
                      "has " + std::to_string(status.st_size) + " bytes, but " +
                          std::to_string(bytes) + " were committed");
  }
  if (auto cut = file.cut_to(bytes); !cut) return cut.error();
  return file;
}

Result<void> OutputFile::flush() {
  if (buffer_.empty()) return {};
  if (auto written = write_all(fd_.get(), buffer_, path_); !written) return written;
  // Begin to write out now what commit() will wait for; only a hint.
  if (durable_) {
    ::sync_file_range(fd_.get(), static_cast<off_t>(written_bytes_),
                      static_cast<off_t>(buffer_.size()), SYNC_FILE_RANGE_WRITE);
  }
  written_bytes_ += buffer_.size();
  buffer_.clear();
  unsynced_ = true;
  return {};
}

Result<void> OutputFile::sync() {
  if (!durable_ || !unsynced_) return {};
  if (::fdatasync(fd_.get()) != 0) return errno_error(Errc::output_unwritable, path_);
  unsynced_ = false;
  return {};
}

Result<void> OutputFile::cut_to(std::uint64_t bytes) {
  buffer_.clear();
  // What is no regular file (a device, a pipe) has no length to cut.
  struct stat status {};
  const bool regular = ::fstat(fd_.get(), &status) == 0 && S_ISREG(status.st_mode);
  if (regular && (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0 ||
                  ::lseek(fd_.get(), static_cast<off_t>(bytes), SEEK_SET) < 0)) {
    return errno_error(Errc::output_unwritable, path_);
  }
  written_bytes_ = bytes;
  unsynced_ = true;
  return {};
}

}  // namespace fealty::files
