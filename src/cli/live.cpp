#include "live.hpp"

#include <chrono>
#include <memory>
#include <string>

#include "fealty/config/mapping_loader.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/files/atomic_file.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/log/log.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "fealty/runtime/memory_budget.hpp"
#include "fealty/topologies/members.hpp"
#include "kafka_options.hpp"
#include "log_header.hpp"
#include "open_store.hpp"
#include "program_beside.hpp"
#include "program_reload.hpp"

namespace fealty::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

runtime::MembersOptions members_options(const config::ServiceConfig& service,
                                        const program::Series& series,
                                        std::uint32_t input_partitions) {
  runtime::MembersOptions members;
  members.flush.distance_events = service.checkpoint.distance_events;
  members.flush.distance = std::chrono::seconds{service.checkpoint.distance_s};
  const runtime::MemoryBudget memory{service.memory_bytes, true};
  members.cache_bytes = memory.members();
  members.flush.bytes_max = memory.saves_of_a_commit();
  members.tick_after_idle = std::chrono::seconds{service.clock.tick_after_idle_s};
  members.clock_jump_max = std::chrono::days{series.first().clock_jump_days_max};
  members.future_ms_max = series.first().future_s_max * 1000;
  members.key_policy = service.kafka.key_check == config::KeyCheck::count
                           ? runtime::KeyPolicy::count
                           : runtime::KeyPolicy::deadletter;
  members.input_partitions = input_partitions;
  members.changelog = true;
  members.member_snapshots = true;
  members.program_id = series.first().id;
  members.generations = generations_of(series);
  return members;
}

runtime::CommitLoopOptions loop_options(const config::ServiceConfig& service,
                                        std::chrono::milliseconds broker_wait) {
  runtime::CommitLoopOptions loop;
  loop.pipeline.queue_bytes_max = runtime::MemoryBudget{service.memory_bytes, true}.outputs();
  loop.input.poll_timeout = std::chrono::milliseconds{service.commit.interval_ms};
  loop.commit.events_max = service.commit.events_max;
  loop.commit.interval = std::chrono::milliseconds{service.commit.interval_ms};
  loop.setbacks.aborts_max = service.commit.aborts_max;
  loop.setbacks.bus_wait = broker_wait;
  loop.commit.idle = std::chrono::seconds{service.checkpoint.distance_s};
  return loop;
}

/// Touches the health file at most once a second: a container's health check looks at its age.
class Health {
 public:
  explicit Health(std::string path) : path_{std::move(path)} {}
  void alive() {
    const auto now = SteadyClock::now();
    if (path_.empty() || now - last_ < std::chrono::seconds{1}) return;
    last_ = now;
    if (auto written = files::write_atomically(path_, "ok\n", false); !written) {
      log::warn("health.unwritable", {{"file", path_}, {"error", to_string(written.error())}});
    }
  }

 private:
  std::string path_;
  SteadyClock::time_point last_{};
};

log::Level log_level(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return log::Level::debug;
    case config::LogLevel::info:
      return log::Level::info;
    case config::LogLevel::warn:
      return log::Level::warn;
    case config::LogLevel::error:
      return log::Level::error;
  }
  return log::Level::info;
}

void log_counters(std::string_view event, const runtime::Members& members,
                  const runtime::CommitLoop& loop) {
  const runtime::Counters counted = members.counters();
  log::info(event, {{"records", counted.records},
                    {"applied", counted.applied},
                    {"duplicates", counted.duplicates},
                    {"skipped", counted.skipped},
                    {"deadlettered", counted.deadlettered},
                    {"wrong_keys", counted.wrong_keys},
                    {"recovered", counted.recovered},
                    {"commits", loop.commits()},
                    {"aborts", loop.aborts()},
                    {"members_cached", members.cache().size()},
                    {"cache_bytes", members.cache().bytes()}});
}

}  // namespace

Result<void> run_live(const config::ServiceConfig& service, const std::atomic<bool>& stop) {
  log::set_level(log_level(service.log_level));
  auto loaded = load_series_beside(service.program, service.state_dir);
  if (!loaded) return loaded.error();
  program::Series& series = loaded->series;  // ProgramReload may put another in its place
  auto read_mapping = config::load_mapping(service.mapping);
  if (!read_mapping) return read_mapping.error();
  const auto mapping = fit_mapping(std::move(*read_mapping), {}, series.first().currency);
  if (!mapping) return mapping.error();
  kafka::KafkaOptions bus_options = kafka_options(service.kafka);
  bus_options.streams = topologies::member_streams;
  const runtime::MemoryBudget memory{service.memory_bytes, true};
  bus_options.fetch_queue_kib_max = static_cast<std::uint32_t>(memory.fetched() >> 10U);
  bus_options.output_queue_kib_max = static_cast<std::uint32_t>(memory.produced() >> 10U);
  auto bus = connect_bus(bus_options, service.kafka, stop);
  if (!bus) return bus.error();

  const auto topology = topologies::members_topology(series, *mapping, service.kafka.input_topic);
  // The changelog could do the work of RocksDB's own log, but `fealty member --state` could not:
  // beside a running worker it would see what was flushed only. As it is, it sees what was saved
  // some seconds ago.
  const auto stores = open_stores(
      {.dir = service.state_dir, .wal = true, .gather = std::chrono::seconds{5}, .memory = memory});
  if (!stores) return stores.error();
  runtime::Members members{topology, (*bus)->source(), &(*bus)->changelog(), **stores,
                           members_options(service, series, (*bus)->input_partitions())};
  members.on_opened = [&] { return keep_programs_beside(service.state_dir, loaded->files); };
  runtime::CommitLoop loop{(*bus)->source(), topology.decoder, members, (*bus)->sink(),
                           loop_options(service, bus_options.broker_wait)};
  ProgramReload program{service.program, service.state_dir, series, members};
  Health health{service.health_file};
  auto last_report = SteadyClock::now();
  loop.hooks.on_progress = [&] {
    if (loop.healthy()) health.alive();
    program.look();
    const auto now = SteadyClock::now();
    if (now - last_report < std::chrono::seconds{10}) return;
    last_report = now;
    log_counters("worker.progress", members, loop);
  };
  log::info("run.started", {{"program", series.first().id},
                            {"version", series.newest().version},
                            {"generations", series.generations().size()},
                            {"input_topic", service.kafka.input_topic},
                            {"librdkafka", kafka::library_version()}});
  auto ran = loop.run(stop);
  log_counters(ran ? "run.stopped" : "run.failed", members, loop);
  return ran;
}

}  // namespace fealty::cli
