#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fealty/files/manifest.hpp"
#include "os.hpp"

namespace fealty::files {

/// The logs of a replay in order: files as named, directories as the files in them by name.
/// Only the last name is looked at again when following. Threads: one at a time.
class LogList {
 public:
  /// input_unreadable where a name leads nowhere, usage where "-" is named twice.
  static Result<LogList> expand(const std::vector<std::string>& names);

  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }
  /// True where the last name is a directory: files may come.
  [[nodiscard]] bool grows() const { return !last_dir_.empty(); }
  /// The directory in which growth of the last name shows; empty for standard input.
  [[nodiscard]] std::string watched_dir() const;
  /// Looks for new files behind those known. input_gap where one sorts before them.
  Result<void> look_again();

 private:
  std::vector<std::string> paths_;
  std::string last_dir_;
  std::size_t last_dir_first_ = 0;  // index of its first file
};

/// An opened log and what identifies it.
struct OpenedLog {
  Fd fd;
  bool regular = false;
  std::uint64_t bytes = 0;  // regular: its size now
  InputFile identity;
};
/// `stdin_fd` is what "-" reads.
Result<OpenedLog> open_log(const std::string& path, int stdin_fd);

/// Of the file at `path`; all 0 where it is none, or not a regular one.
FileStamp stamp_of(const std::string& path);

}  // namespace fealty::files
