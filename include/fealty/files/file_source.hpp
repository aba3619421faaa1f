#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fealty/files/framing.hpp"
#include "fealty/files/input_index.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::files {

/// Records longer than this are cut to one byte more, so that decode refuses them by their size.
inline constexpr std::size_t line_bytes_max = 1024 * 1024;

struct FileSourceOptions {
  /// Files, directories (= their files in name order, hidden ones left out) and "-". Plain, gzip
  /// and zstd are told apart by their first bytes.
  std::vector<std::string> logs = {};
  std::uint32_t partitions = 1;
  std::uint32_t skip_lines = 0;  // header records of each file; they are not delivered
  Framing framing = {};          // where records end
  bool follow = false;           // wait for growth of the last log, or for new files in it
  bool prefetch = true;          // read and decompress ahead, in a thread
  int stdin_fd = 0;              // what "-" reads; borrowed
};

/// How far a source has read, in bytes as they lie on disk.
struct InputProgress {
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;  // 0 = not known (standard input)
};

/// Recorded logs as a Source: all files one after another, records numbered densely from 0, in no
/// partition. A record is one line, or what Framing says, without its line end (before '\n' a '\r'
/// stays). Records longer than line_bytes_max are delivered cut. A last line without an end is
/// delivered with `unterminated`, in follow mode only once a later file shows that it will not go
/// on. After start_at(), records from the smallest position named since the last poll() on are
/// delivered (again); the log that holds it is read from its begin.
///
/// Owns:    its files and the reading thread. Borrows `index`.
/// Threads: prepare, open, start_at and poll from one; progress, verified and describe from any.
/// Errors:  input_unreadable; invalid_utf8 of text in UTF-16; input_corrupt once all whole records
///          before the damage were delivered; wrong_input where the logs are not, by their content,
///          those that the manifest speaks of; input_gap where they do not reach to where reading is
///          to begin. They are final.
class FileSource final : public ports::Source {
 public:
  /// `resume`: the manifest of the run to go on with, or an empty one.
  FileSource(FileSourceOptions options, Manifest resume, InputIndex& index);
  ~FileSource() override;

  /// Finds the logs and compares those that the manifest speaks of; open() does it where this was
  /// not called.
  Result<void> prepare();
  Result<void> open(ports::AssignmentListener& listener) override;
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override;
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool one_clock() const override { return true; }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override;
  [[nodiscard]] InputProgress progress() const;
  /// False until what comes through a pipe again has turned out to be what was read from it before.
  [[nodiscard]] bool verified() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fealty::files
