#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "fealty/config/service.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "fealty/runtime/topology.hpp"
#include "standstill.hpp"

namespace fealty::cli {

/// What the workers of a process share. Borrowed; outlives them. Replaced at a standstill only.
struct WorkerContext {
  const config::ServiceConfig& service;
  const program::Series& series;
  const runtime::Topology& topology;
  ports::MemberStores& stores;
  Standstill& standstill;
};

/// What a worker has done, as of between two batches.
struct WorkerStatus {
  runtime::Counters counters;
  std::uint64_t commits = 0, aborts = 0;
  std::size_t members_cached = 0, cache_bytes = 0;
  kafka::Lag lag;
  std::chrono::milliseconds commit_age{0};  // of the last commit; of several workers the oldest
  std::uint64_t passes = 0;                 // rises as long as the worker is well

  void add(const WorkerStatus& other);
};

/// One of a process's workers: a member of the consumer group with a producer of its own, and the
/// members of the partitions that the group gives it.
///
/// Owns:    its bus, Members and CommitLoop. Borrows the context.
/// Threads: run() has one of its own; status() any; members() at a standstill, or before and after
///          run().
/// Errors:  as kafka::KafkaBus and runtime::CommitLoop.
class Worker {
 public:
  /// `number`: from 0, of `workers`. Reaches the brokers; as connect_bus().
  static Result<std::unique_ptr<kafka::KafkaBus>> connect(const config::ServiceConfig& service,
                                                          std::uint32_t number,
                                                          std::uint32_t workers,
                                                          const std::atomic<bool>& stop);
  Worker(const WorkerContext& context, std::unique_ptr<kafka::KafkaBus> bus, std::uint32_t number,
         std::uint32_t workers);

  /// Called when partitions were taken over and their stores are open; an error stops the worker.
  void on_opened(std::function<Result<void>()> opened) { members_.on_opened = std::move(opened); }

  /// Until `stop` is set, then saves everything and commits.
  Result<void> run(const std::atomic<bool>& stop);

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] runtime::Members& members() { return members_; }
  [[nodiscard]] std::uint32_t input_partitions() const { return input_partitions_; }
  [[nodiscard]] WorkerStatus status() const;

 private:
  void tell();

  const WorkerContext context_;
  const std::uint32_t number_;
  std::unique_ptr<kafka::KafkaBus> bus_;
  const std::uint32_t input_partitions_;
  runtime::Members members_;
  runtime::CommitLoop loop_;
  std::chrono::steady_clock::time_point told_{};
  mutable std::mutex mutex_;  // guards what follows
  WorkerStatus status_;
};

}  // namespace fealty::cli
