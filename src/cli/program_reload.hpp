#pragma once

#include <string>

#include "fealty/config/program_loader.hpp"
#include "reload_signal.hpp"
#include "workers.hpp"

namespace fealty::cli {

/// Picks up a changed program file while the service runs: at SIGHUP, or when the file has changed.
/// A further generation is adopted between two batches, by every partition of the process or by
/// none; muted notices take effect at once. What is refused is said in the log, and all goes on as
/// before. While a worker is busy for long, with a restore, say, it is tried again.
///
/// Borrows what was loaded, which it replaces where it lies, and the workers, who go by it.
/// Threads: one, not a worker's.
class ProgramReload {
 public:
  ProgramReload(std::string path, std::string state_directory, config::LoadedSeries& loaded,
                Workers& workers);
  /// Call it as often as you like.
  void look();

 private:
  Result<bool> reload();
  Result<void> adopt(config::LoadedSeries fresh);

  const std::string path_, state_directory_;
  config::LoadedSeries& loaded_;
  Workers& workers_;
  ReloadSignal signal_;
  Reload pending_ = Reload::no;  // asked for, and the workers did not stand still for it yet
};

}  // namespace fealty::cli
