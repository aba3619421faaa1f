#include "output_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fealty/files/atomic_file.hpp"

namespace fealty::files {

Result<OutputFile> OutputFile::open(std::string path, std::uint64_t bytes, bool durable) {
  OutputFile file;
  file.durable_ = durable;
  file.summed_ = bytes == 0;
  Fd fd = open_fd(path, O_WRONLY | O_CREAT, 0666);  // less the umask
  struct stat status {};
  if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
    return errno_error(Errc::output_unwritable, path);
  }
  if (static_cast<std::uint64_t>(status.st_size) < bytes) {
    return path_error(Errc::store_corrupt, path,
                      "has " + std::to_string(status.st_size) + " bytes, but " +
                          std::to_string(bytes) + " were committed");
  }
  auto writer = BlockWriter::open(std::move(fd), std::move(path), bytes, durable);
  if (!writer) return writer.error();
  file.writer_ = std::move(*writer);
  return file;
}

Result<void> OutputFile::take_pending() {
  if (pending_.empty()) return {};
  if (summed_) sum_.update(pending_);
  auto taken = writer_.append(pending_);
  pending_.clear();
  unsynced_ = true;
  return taken;
}

Result<void> OutputFile::flush() {
  if (auto taken = take_pending(); !taken) return taken;
  return writer_.flush();
}

Result<void> OutputFile::sync() {
  if (!durable_ || !unsynced_) return {};
  if (::fdatasync(writer_.fd()) != 0) return errno_error(Errc::output_unwritable, writer_.path());
  unsynced_ = false;
  return {};
}

Result<void> OutputFile::cut_to(std::uint64_t bytes) {
  if (this->bytes() != bytes) summed_ = false;
  pending_.clear();
  unsynced_ = true;
  return writer_.cut_to(bytes);
}

Result<std::string> OutputFile::sha256() const {
  return summed_ ? Result<std::string>{sum_.hex()} : sha256_file(writer_.path());
}

}  // namespace fealty::files
