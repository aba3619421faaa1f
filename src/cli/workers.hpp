#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "worker.hpp"

namespace fealty::cli {

/// The workers of a process, each on a thread of its own. The first that fails stops the others,
/// which save what they have.
///
/// Owns:    workers and threads. Threads: one caller.
/// Errors:  as Worker.
class Workers {
 public:
  /// As many as the service asks for: by default the cores less one, but one at least.
  static std::uint32_t wanted(const config::ServiceConfig& service);
  /// As many as wanted, but no more than there are partitions. Reaches the brokers.
  static Result<std::unique_ptr<Workers>> connect(const config::ServiceConfig& service,
                                                  const program::Series& series,
                                                  const runtime::Topology& topology,
                                                  ports::MemberStores& stores,
                                                  const std::atomic<bool>& stop);
  ~Workers();

  /// Called on a worker's thread, one at a time, when its partitions are open.
  std::function<Result<void>()> on_opened;

  /// Until `stop` is set or one fails; `look` is called meanwhile, some times a second. The first
  /// error; once all have ended.
  Result<void> run(const std::atomic<bool>& stop, const std::function<void()>& look);

  [[nodiscard]] std::size_t size() const { return workers_.size(); }
  [[nodiscard]] Standstill& standstill() { return standstill_; }
  [[nodiscard]] std::uint32_t input_partitions() const {
    return workers_.front()->input_partitions();
  }
  /// At a standstill, or before run().
  [[nodiscard]] std::vector<runtime::Members*> members();
  [[nodiscard]] std::vector<WorkerStatus> status() const;
  /// Whether each has gone on since this was last asked and true.
  bool all_alive();

 private:
  explicit Workers(std::size_t count) : standstill_{count} {}
  void run_one(Worker& worker);

  Standstill standstill_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::uint64_t> seen_passes_;
  std::atomic<bool> ending_ = false;
  std::mutex opened_;  // held around on_opened
  std::mutex mutex_;   // guards what follows
  std::condition_variable changed_;
  std::size_t ended_ = 0;
  std::optional<Error> failed_;
  std::vector<std::thread> threads_;
};

}  // namespace fealty::cli
