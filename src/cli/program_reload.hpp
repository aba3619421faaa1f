#pragma once

#include <string>

#include "fealty/program/series.hpp"
#include "fealty/runtime/members.hpp"
#include "reload_signal.hpp"

namespace fealty::cli {

/// Picks up a changed program file while the service runs: at SIGHUP, or when the file has changed.
/// A further generation is adopted between two batches, by every partition or by none; muted notices
/// take effect at once. What is refused is said in the log, and all goes on as before.
///
/// Borrows the series, which it replaces where it lies, and the members, who go by it.
/// Threads: that of the worker, between two batches.
class ProgramReload {
 public:
  ProgramReload(std::string path, std::string state_directory, program::Series& series,
                runtime::Members& members);
  /// Call it as often as you like.
  void look();

 private:
  Result<void> reload();

  const std::string path_, state_directory_;
  program::Series& series_;
  runtime::Members& members_;
  ReloadSignal signal_;
};

}  // namespace fealty::cli
