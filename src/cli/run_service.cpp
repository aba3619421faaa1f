#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "fealty/log/log.hpp"
#include "ingest.hpp"
#include "live.hpp"

namespace fealty::cli {
namespace {

/// Parts of a process that end together: each on a thread of its own, all told to stop when one of
/// them has ended or the process is to.
class Together {
 public:
  using Part = std::function<Result<void>(const std::atomic<bool>& stop)>;

  Result<void> run(const std::vector<Part>& parts, const std::atomic<bool>& stop) {
    std::vector<std::thread> threads;
    for (const Part& part : parts) {
      threads.emplace_back([this, &part] { ended(part(stop_)); });
    }
    {
      std::unique_lock lock{mutex_};
      // A signal sets a flag and cannot wake us.
      constexpr std::chrono::milliseconds look_again{20};
      while (ended_ == 0 && !stop.load(std::memory_order_relaxed)) {
        changed_.wait_for(lock, look_again);
      }
    }
    stop_.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads) thread.join();
    return failed_ ? *failed_ : Result<void>{};
  }

 private:
  void ended(const Result<void>& outcome) {
    const std::lock_guard lock{mutex_};
    ++ended_;
    if (!outcome) {
      if (failed_) log::warn("run.failed_too", {{"error", to_string(outcome.error())}});
      if (!failed_) failed_ = outcome.error();
    }
    changed_.notify_all();
  }

  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::size_t ended_ = 0;
  std::optional<Error> failed_;
};

}  // namespace

Result<void> run_service(const config::ServiceConfig& service, const std::atomic<bool>& stop) {
  if (!service.run.ingest) return run_live(service, stop);
  // The levels of both are in the same order.
  log::set_level(static_cast<log::Level>(service.log_level));
  std::vector<Together::Part> parts;
  for (std::uint32_t worker = 0; worker < service.ingest.workers; ++worker) {
    parts.emplace_back([&service, worker](const std::atomic<bool>& until) {
      return run_ingest(service, worker, until);
    });
  }
  if (service.run.members) {
    parts.emplace_back(
        [&service](const std::atomic<bool>& until) { return run_live(service, until); });
  }
  return Together{}.run(parts, stop);
}

}  // namespace fealty::cli
