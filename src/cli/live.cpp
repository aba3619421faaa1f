#include "live.hpp"

#include <chrono>
#include <memory>
#include <string>

#include "fealty/config/mapping_loader.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/files/atomic_file.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/log/log.hpp"
#include "fealty/runtime/worker.hpp"
#include "fealty/topologies/members.hpp"
#include "log_header.hpp"
#include "open_store.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

kafka::KafkaOptions kafka_options(const config::KafkaConfig& from) {
  kafka::KafkaOptions to;
  to.brokers = from.brokers;
  to.group = from.group;
  to.input_topic = from.input_topic;
  to.start = from.start == config::Start::earliest ? kafka::Start::earliest : kafka::Start::latest;
  to.output_prefix = from.output_prefix;
  to.transactional_id = from.transactional_id;
  to.group_instance = from.transactional_id;  // Both are one a process, stable over restarts.
  to.create_topics = from.create_topics;
  to.replication_factor = from.replication_factor;
  to.security_protocol = config::name(from.security.protocol);
  to.sasl_mechanism = from.security.mechanism;
  to.sasl_username = from.security.username;
  to.sasl_password = from.security.password.reveal();
  to.ca_file = from.security.ca_file;
  to.certificate_file = from.security.certificate_file;
  to.key_file = from.security.key_file;
  to.session_timeout = std::chrono::milliseconds{from.session_timeout_ms};
  to.transaction_timeout = std::chrono::milliseconds{from.transaction_timeout_ms};
  return to;
}

runtime::WorkerOptions worker_options(const config::ServiceConfig& service,
                                      const program::Series& series) {
  runtime::WorkerOptions worker;
  worker.task.checkpoint_distance_events = service.checkpoint.distance_events;
  worker.task.checkpoint_distance = std::chrono::seconds{service.checkpoint.distance_s};
  worker.task.changelog = true;
  worker.task.member_snapshots = true;
  worker.task.program_id = series.first().id;
  worker.task.program_version = series.newest().version;
  worker.task.program_fingerprint = series.fingerprint();
  worker.input.poll_timeout = std::chrono::milliseconds{service.commit.interval_ms};
  worker.cache_bytes = service.cache_bytes;
  worker.commit_events_max = service.commit.events_max;
  worker.commit_interval = std::chrono::milliseconds{service.commit.interval_ms};
  worker.tick_after_idle = std::chrono::minutes{10};
  worker.clock_jump_max = std::chrono::days{series.first().clock_jump_days_max};
  worker.future_ms_max = series.first().future_s_max * 1000;
  return worker;
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

void log_counters(std::string_view event, const runtime::Worker& worker) {
  const runtime::Counters counted = worker.counters();
  log::info(event, {{"records", counted.records},
                    {"applied", counted.applied},
                    {"duplicates", counted.duplicates},
                    {"skipped", counted.skipped},
                    {"deadlettered", counted.deadlettered},
                    {"recovered", counted.recovered},
                    {"commits", worker.commits()},
                    {"aborts", worker.aborts()},
                    {"members_cached", worker.cache().size()},
                    {"cache_bytes", worker.cache().bytes()}});
}

}  // namespace

Result<void> run_live(const config::ServiceConfig& service, const std::atomic<bool>& stop) {
  log::set_level(log_level(service.log_level));
  const auto loaded = config::load_series({&service.program, 1});
  if (!loaded) return loaded.error();
  const program::Series& series = loaded->series;
  auto read_mapping = config::load_mapping(service.mapping);
  if (!read_mapping) return read_mapping.error();
  const auto mapping = fit_mapping(std::move(*read_mapping), {}, series.first().currency);
  if (!mapping) return mapping.error();
  auto bus = kafka::KafkaBus::connect(kafka_options(service.kafka));
  if (!bus) return bus.error();

  const auto topology = topologies::members_topology(series, *mapping, service.kafka.input_topic);
  StateFactory stores{
      // The changelog could do the work of RocksDB's own log, but `fealty member --state` could
      // not: beside a running worker it would see what was flushed only.
      {.dir = service.state_dir, .wal = true, .async = true, .cache_bytes = service.cache_bytes}};
  runtime::Worker worker{topology,        (*bus)->source(),
                         (*bus)->sink(),  &(*bus)->changelog(),
                         stores.opener(), worker_options(service, series)};
  worker.on_opened = [&] { return keep_programs_beside(service.state_dir, loaded->files); };
  Health health{service.health_file};
  auto last_report = SteadyClock::now();
  worker.on_progress = [&] {
    health.alive();
    const auto now = SteadyClock::now();
    if (now - last_report < std::chrono::seconds{10}) return;
    last_report = now;
    log_counters("worker.progress", worker);
  };
  log::info("run.started", {{"program", series.first().id},
                            {"version", series.newest().version},
                            {"generations", series.generations().size()},
                            {"input_topic", service.kafka.input_topic},
                            {"librdkafka", kafka::library_version()}});
  auto ran = worker.run(stop);
  log_counters(ran ? "run.stopped" : "run.failed", worker);
  return ran;
}

}  // namespace fealty::cli
