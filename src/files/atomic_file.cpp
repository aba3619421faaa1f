#include "fealty/files/atomic_file.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "fealty/base/check.hpp"
#include "os.hpp"

namespace fealty::files {
namespace {

constexpr std::size_t buffer_bytes = 1024 * 1024;

std::string temporary_of(const std::string& path) { return path + ".tmp"; }

}  // namespace

Result<AtomicFile> AtomicFile::create(std::string path) {
  const std::string temporary = temporary_of(path);
  const int fd =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);  // less the umask
  if (fd < 0) return errno_error(Errc::output_unwritable, temporary);
  return AtomicFile{std::move(path), fd};
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_{std::move(other.path_)},
      buffer_{std::move(other.buffer_)},
      fd_{std::exchange(other.fd_, -1)} {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_of(path_).c_str());
}

Result<void> AtomicFile::flush() {
  auto written = write_all(fd_, buffer_, temporary_of(path_));
  buffer_.clear();
  return written;
}

Result<void> AtomicFile::append(std::string_view bytes) {
  check(fd_ >= 0, "an atomic file takes nothing after its commit");
  buffer_.append(bytes);
  if (buffer_.size() < buffer_bytes) return {};
  return flush();
}

Result<void> AtomicFile::commit(bool durable) {
  check(fd_ >= 0, "an atomic file is committed once");
  if (auto flushed = flush(); !flushed) return flushed;
  const std::string temporary = temporary_of(path_);
  if (durable && ::fsync(fd_) != 0) return errno_error(Errc::output_unwritable, temporary);
  if (::rename(temporary.c_str(), path_.c_str()) != 0) {
    return errno_error(Errc::output_unwritable, path_);
  }
  ::close(std::exchange(fd_, -1));
  if (!durable) return {};
  const auto dir = std::filesystem::path{path_}.parent_path();
  return sync_dir(dir.empty() ? "." : dir.string());
}

Result<void> write_atomically(const std::string& path, std::string_view bytes, bool durable) {
  auto file = AtomicFile::create(path);
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
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  check(context != nullptr, "out of memory");
  check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1, "OpenSSL has SHA-256");
  const auto read = for_each_piece(path, [&](std::string_view piece) {
    check(EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1, "a digest takes bytes");
  });
  if (!read) return read.error();

  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  check(EVP_DigestFinal_ex(context.get(), digest.data(), &size) == 1, "a digest ends");
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += hex[digest[i] >> 4U];
    text += hex[digest[i] & 15U];
  }
  return text;
}

}  // namespace fealty::files
