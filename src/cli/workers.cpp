#include "workers.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "fealty/log/log.hpp"

namespace fealty::cli {
namespace {

constexpr std::chrono::milliseconds look_every{50};

}  // namespace

std::uint32_t Workers::wanted(const config::ServiceConfig& service) {
  if (service.workers != 0) return service.workers;
  const std::uint32_t cores = std::max(std::thread::hardware_concurrency(), 2U);
  return std::min(cores - 1, config::workers_max);
}

Result<std::unique_ptr<Workers>> Workers::connect(const config::ServiceConfig& service,
                                                  const program::Series& series,
                                                  const runtime::Topology& topology,
                                                  ports::MemberStores& stores,
                                                  const std::atomic<bool>& stop) {
  using Bus = Result<std::unique_ptr<kafka::KafkaBus>>;
  const std::uint32_t most = wanted(service);
  // The first makes what topics are missing, and tells how many partitions there are.
  Bus first = Worker::connect(service, 0, most, stop);
  if (!first) return first.error();
  const std::uint32_t count = std::min(most, (*first)->input_partitions());
  std::vector<std::future<Bus>> others;
  for (std::uint32_t number = 1; number < count; ++number) {
    others.push_back(std::async(
        std::launch::async, [&, number] { return Worker::connect(service, number, count, stop); }));
  }
  std::vector<std::unique_ptr<kafka::KafkaBus>> buses;
  buses.push_back(std::move(*first));
  std::optional<Error> failed;
  for (auto& other : others) {
    Bus bus = other.get();
    if (bus) {
      buses.push_back(std::move(*bus));
    } else if (!failed) {
      failed = bus.error();
    }
  }
  if (failed) return *failed;
  std::unique_ptr<Workers> out{new Workers{count}};
  const WorkerContext context{service, series, topology, stores, out->standstill_};
  for (std::uint32_t number = 0; number < count; ++number) {
    out->workers_.push_back(
        std::make_unique<Worker>(context, std::move(buses[number]), number, count));
    out->workers_.back()->on_opened([self = out.get()]() -> Result<void> {
      const std::lock_guard lock{self->opened_};
      return self->on_opened ? self->on_opened() : Result<void>{};
    });
  }
  out->seen_passes_.resize(count);
  return out;
}

Workers::~Workers() {
  ending_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Workers::run_one(Worker& worker) {
  const auto ran = worker.run(ending_);
  const std::lock_guard lock{mutex_};
  if (!ran) {
    log::error("worker.failed", {{"error", to_string(ran.error())}});
    if (!failed_) failed_ = ran.error();
    ending_ = true;
  }
  ++ended_;
  changed_.notify_all();
}

Result<void> Workers::run(const std::atomic<bool>& stop, const std::function<void()>& look) {
  for (const auto& worker : workers_) {
    threads_.emplace_back([this, &worker] { run_one(*worker); });
  }
  std::unique_lock lock{mutex_};
  const auto all_ended = [this] { return ended_ == workers_.size(); };
  while (!changed_.wait_for(lock, look_every, all_ended)) {
    if (stop.load(std::memory_order_relaxed)) ending_ = true;
    lock.unlock();
    look();
    lock.lock();
  }
  lock.unlock();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return failed_ ? *failed_ : Result<void>{};
}

std::vector<runtime::Members*> Workers::members() {
  std::vector<runtime::Members*> out;
  for (const auto& worker : workers_) out.push_back(&worker->members());
  return out;
}

std::vector<WorkerStatus> Workers::status() const {
  std::vector<WorkerStatus> out;
  for (const auto& worker : workers_) out.push_back(worker->status());
  return out;
}

bool Workers::all_alive() {
  std::vector<std::uint64_t> passes;
  for (const auto& worker : workers_) passes.push_back(worker->status().passes);
  for (std::size_t i = 0; i < passes.size(); ++i) {
    if (passes[i] == seen_passes_[i]) return false;
  }
  seen_passes_ = std::move(passes);
  return true;
}

}  // namespace fealty::cli
