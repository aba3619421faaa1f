#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "os.hpp"

namespace fealty::files {

/// What one read() brought.
struct ReadStep {
  std::size_t bytes = 0;
  bool at_end = false;  // with bytes == 0: the end (of what is there so far); else: nothing yet
};

/// Turns compressed bytes into text, a piece at a time.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  struct Step {
    std::size_t taken = 0, made = 0;
    const char* fault = nullptr;  // the input is corrupt; what was made before is good
  };
  virtual Step step(const char* from, std::size_t from_size, char* to, std::size_t to_size) = 0;
  /// True between two frames (members): an input may end here.
  [[nodiscard]] virtual bool whole() const = 0;
};
std::unique_ptr<Decompressor> make_gzip();
std::unique_ptr<Decompressor> make_zstd();

/// The text of one log, decompressed where its first bytes say so. A file may grow while it is
/// read.
///
/// Owns:    the file. Threads: one at a time.
/// Errors:  input_unreadable, input_corrupt, after all that came before; they stay.
class ByteStream {
 public:
  /// `path` names it in errors. A pipe is never waited for: read() says "nothing yet".
  ByteStream(std::string path, Fd fd, bool regular);

  Result<ReadStep> read(char* to, std::size_t size);
  /// Call at the end: input_corrupt where a compressed file stops in the middle.
  Result<void> check_whole() const;

  /// Bytes taken from the file.
  [[nodiscard]] std::uint64_t raw_bytes() const { return raw_bytes_ - (raw_end_ - raw_begin_); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool regular() const { return regular_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  enum class Format : std::uint8_t { unknown, plain, compressed };
  Result<ReadStep> read_raw(char* to, std::size_t size);
  Result<ReadStep> fill_raw();
  Result<ReadStep> detect();
  Result<ReadStep> read_plain(char* to, std::size_t size);
  Result<ReadStep> read_compressed(char* to, std::size_t size);
  [[nodiscard]] Error corrupt(std::string_view fault) const;

  std::string path_;
  Fd fd_;
  bool regular_;
  Format format_ = Format::unknown;
  std::unique_ptr<Decompressor> decompressor_;
  std::vector<char> raw_;
  std::size_t raw_begin_ = 0, raw_end_ = 0;
  std::uint64_t raw_bytes_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace fealty::files
