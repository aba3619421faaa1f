#include "fealty/files/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "block_writer.hpp"
#include "fealty/base/check.hpp"
#include "fealty/files/sha256.hpp"
#include "os.hpp"

namespace fealty::files {
namespace {

constexpr std::size_t buffer_bytes = 1024 * 1024;

std::string temporary_of(const std::string& path) { return path + ".tmp"; }

}  // namespace

struct AtomicFile::Impl {
  std::string path;  // where it will appear
  BlockWriter writer;
  bool committed = false;
};

AtomicFile::AtomicFile(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
AtomicFile::AtomicFile(AtomicFile&&) noexcept = default;

AtomicFile::~AtomicFile() {
  if (impl_ == nullptr || impl_->committed) return;
  ::unlink(impl_->writer.path().c_str());
}

Result<AtomicFile> AtomicFile::create(std::string path, bool past_cache) {
  const std::string temporary = temporary_of(path);
  Fd fd = open_fd(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0666);  // less the umask
  if (!fd.valid()) return errno_error(Errc::output_unwritable, temporary);
  auto impl = std::make_unique<Impl>();
  impl->path = std::move(path);
  auto writer = BlockWriter::open(std::move(fd), temporary, 0, past_cache);
  if (!writer) return writer.error();
  impl->writer = std::move(*writer);
  return AtomicFile{std::move(impl)};
}

Result<void> AtomicFile::append(std::string_view bytes) {
  check(!impl_->committed, "an atomic file takes nothing after its commit");
  return impl_->writer.append(bytes);
}

Result<void> AtomicFile::commit(bool durable) {
  check(!impl_->committed, "an atomic file is committed once");
  BlockWriter& writer = impl_->writer;
  if (auto flushed = writer.flush(); !flushed) return flushed;
  if (durable && ::fsync(writer.fd()) != 0) {
    return errno_error(Errc::output_unwritable, writer.path());
  }
  if (::rename(writer.path().c_str(), impl_->path.c_str()) != 0) {
    return errno_error(Errc::output_unwritable, impl_->path);
  }
  impl_->committed = true;
  if (!durable) return {};
  const auto dir = std::filesystem::path{impl_->path}.parent_path();
  return sync_dir(dir.empty() ? "." : dir.string());
}

Result<void> write_atomically(const std::string& path, std::string_view bytes, bool durable) {
  auto file = AtomicFile::create(path, false);
  if (!file) return file.error();
  if (auto appended = file->append(bytes); !appended) return appended;
  return file->commit(durable);
}

namespace {

/// Calls take(bytes) with the file's content, piece by piece.
template <class Take>
Result<void> for_each_piece(const std::string& path, const Take& take) {
  const Fd fd = open_fd(path, O_RDONLY);
  if (!fd.valid()) return errno_error(Errc::input_unreadable, path);
  std::vector<char> piece(buffer_bytes);
  while (true) {
    const long got = read_some(fd.get(), piece.data(), piece.size());
    if (got < 0) return errno_error(Errc::input_unreadable, path);
    if (got == 0) return {};
    take(std::string_view{piece.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::string text;
  const auto read = for_each_piece(path, [&](std::string_view piece) { text.append(piece); });
  if (!read) return read.error();
  return text;
}

Result<std::string> sha256_file(const std::string& path) {
  Sha256 sum;
  const auto read = for_each_piece(path, [&](std::string_view piece) { sum.update(piece); });
  if (!read) return read.error();
  return sum.hex();
}

}  // namespace fealty::files
