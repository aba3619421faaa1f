#include "worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "fealty/log/log.hpp"
#include "fealty/topologies/members.hpp"
#include "kafka_options.hpp"
#include "memory_shares.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

constexpr std::chrono::milliseconds idle_min{10};

std::chrono::milliseconds publish_within(const config::ServiceConfig& service) {
  return std::chrono::milliseconds{service.members.publish_within_ms.value_or(0)};
}

runtime::MembersOptions members_options(const WorkerContext& context, std::uint32_t workers,
                                        std::uint32_t input_partitions) {
  const config::ServiceConfig& service = context.service;
  const program::Program& first = context.series.first();
  runtime::MembersOptions members;
  members.flush.distance_events = service.checkpoint.distance_events;
  members.flush.distance = std::chrono::seconds{service.checkpoint.distance_s};
  const runtime::MemoryBudget memory = members_budget(service, workers);
  members.cache_bytes = memory.members();
  members.flush.bytes_max = memory.saves_of_a_commit();
  members.tick_after_idle = std::chrono::seconds{service.clock.tick_after_idle_s};
  members.clock_jump_max = std::chrono::days{first.clock_jump_days_max};
  members.future_ms_max = first.future_s_max * 1000;
  members.key_policy = service.kafka.key_check == config::KeyCheck::count
                           ? runtime::KeyPolicy::count
                           : runtime::KeyPolicy::deadletter;
  members.input_partitions = input_partitions;
  members.changelog = true;
  if (service.members.publish_within_ms) {
    // Less the time until somebody looks, and until what then goes out is committed.
    members.publish_within = publish_within(service) * 4 / 5;
  }
  members.recovery_target = std::chrono::milliseconds{
      static_cast<std::int64_t>(service.checkpoint.recovery_target_s * 1000)};
  members.program_id = first.id;
  members.generations = generations_of(context.series);
  return members;
}

runtime::CommitLoopOptions loop_options(const config::ServiceConfig& service,
                                        std::uint32_t workers) {
  runtime::CommitLoopOptions loop;
  loop.pipeline.queue_bytes_max = members_budget(service, workers).outputs();
  // Readers, and who stops it, wait for a poll to end.
  loop.input.poll_timeout = std::min(std::chrono::milliseconds{service.commit.interval_ms},
                                     std::chrono::milliseconds{100});
  loop.commit.events_max = service.commit.events_max;
  loop.setbacks.aborts_max = service.commit.aborts_max;
  loop.setbacks.bus_wait = broker_wait(service.kafka);
  loop.commit.interval = std::chrono::milliseconds{service.commit.interval_ms};
  loop.commit.idle = std::chrono::seconds{service.checkpoint.distance_s};
  if (const auto within = publish_within(service); within.count() != 0) {
    loop.commit.idle =
        std::clamp<std::chrono::milliseconds>(within / 10, idle_min, loop.commit.idle);
  }
  return loop;
}

}  // namespace

void WorkerStatus::add(const WorkerStatus& other) {
  counters.add(other.counters);
  commits += other.commits;
  aborts += other.aborts;
  members_cached += other.members_cached;
  cache_bytes += other.cache_bytes;
  lag.records += other.lag.records;
  if (other.lag.worst > lag.worst) {
    lag.worst = other.lag.worst;
    lag.worst_partition = other.lag.worst_partition;
  }
  commit_age = std::max(commit_age, other.commit_age);
  passes += other.passes;
}

Result<std::unique_ptr<kafka::KafkaBus>> Worker::connect(const config::ServiceConfig& service,
                                                         std::uint32_t number,
                                                         std::uint32_t workers,
                                                         const std::atomic<bool>& stop) {
  kafka::KafkaOptions options = kafka_options(service.kafka, number);
  options.streams = topologies::member_streams;
  const runtime::MemoryBudget memory = members_budget(service, workers);
  options.fetch_queue_kib_max = static_cast<std::uint32_t>(memory.fetched() >> 10U);
  options.output_queue_kib_max = static_cast<std::uint32_t>(memory.produced() >> 10U);
  return connect_bus(options, service.kafka, stop);
}

Worker::Worker(const WorkerContext& context, std::unique_ptr<kafka::KafkaBus> bus,
               std::uint32_t number, std::uint32_t workers)
    : context_{context},
      number_{number},
      bus_{std::move(bus)},
      input_partitions_{bus_->input_partitions()},
      members_{context.topology, bus_->source(), &bus_->changelog(), context.stores,
               members_options(context, workers, input_partitions_)},
      loop_{bus_->source(), context.topology.decoder, members_, bus_->sink(),
            loop_options(context.service, workers)} {
  loop_.hooks.on_progress = [this] {
    tell();
    context_.standstill.pass();
  };
}

Result<void> Worker::run(const std::atomic<bool>& stop) {
  pthread_setname_np(pthread_self(), ("fealty-work-" + std::to_string(number_)).c_str());
  log::tag_thread("worker", number_);
  auto ran = loop_.run(stop);
  members_.reads().close();
  told_ = {};
  tell();
  context_.standstill.leave();
  return ran;
}

/// A few times a second: the counts of many partitions are summed for it.
void Worker::tell() {
  constexpr std::chrono::milliseconds tell_every{200};
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < tell_every) return;
  told_ = now;
  WorkerStatus status{.counters = members_.counters(),
                      .commits = loop_.commits(),
                      .aborts = loop_.aborts(),
                      .members_cached = members_.memory().members,
                      .cache_bytes = members_.memory().bytes,
                      .lag = bus_->lag(),
                      .commit_age = loop_.commit_age()};
  const std::lock_guard lock{mutex_};
  status.passes = status_.passes + (loop_.healthy() ? 1 : 0);
  status_ = status;
}

WorkerStatus Worker::status() const {
  const std::lock_guard lock{mutex_};
  return status_;
}

}  // namespace fealty::cli
