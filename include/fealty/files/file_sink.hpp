#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fealty/files/input_index.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::files {

struct FileSinkOptions {
  std::string dir = {};             // made where it is missing
  RunIdentity run = {};             // kept in the manifest; must match when going on
  ports::StreamTable streams = {};  // those with `to_files` are written, one file each
  std::uint32_t partitions = 1;
  bool durable = true;     // fsync at each commit; off: a power cut may damage the directory
  bool overwrite = false;  // begin anew, whatever earlier run the directory holds
};

/// Output files in a directory as a Sink: a stream's records in <name>.ndjson, one a line. Streams
/// that files do not keep (snapshots, the changelog) are dropped. A commit is the rename of
/// manifest.json; bytes behind the lengths in it are not committed, and cut off when a later run
/// goes on.
///
/// Owns:    the directory (locked) while it lives. Borrows `index`. Destroyed without commit() =
/// crash. Threads: one at a time. Errors:  output_unwritable (with file and reason; abort() is the
/// only way on), state_in_use (another process writes there), wrong_program and wrong_input (the
/// directory holds another run), usage (files of unknown origin are in the way).
class FileSink final : public ports::Sink {
 public:
  static Result<std::unique_ptr<FileSink>> open(FileSinkOptions options, InputIndex& index);
  /// What open() would refuse, but for a directory in use or not writable; nothing is touched. The
  /// manifest of the run that would be gone on with, or an empty one.
  static Result<Manifest> earlier_run(const FileSinkOptions& options);
  /// Files that a run writes in its directory, temporary ones included.
  static std::vector<std::string> files_of(ports::StreamTable streams);
  ~FileSink() override;

  /// What the last commit, of this or an earlier run, covers. Partitions are always filled in.
  [[nodiscard]] const Manifest& manifest() const;

  Result<void> append(const ports::OutputBuffer& out) override;
  Result<void> commit(std::span<ports::CommitPosition> positions) override;
  Result<void> abort() override;
  /// The report's figures as the next commits, until further notice, are to keep them. Any thread;
  /// call it before the commit that they belong to is asked for.
  void count(std::vector<Count> counts);
  /// Leaves nothing behind where this process began the run and has committed nothing.
  void withdraw();
  /// Name and SHA-256 of each output file as it was committed. Only between commits.
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> sha256() const;
  /// Marks the run as finished. Nothing may be appended but not committed.
  Result<void> complete();

 private:
  struct Impl;
  explicit FileSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fealty::files
