#include "live.hpp"

#include <chrono>
#include <memory>
#include <string>

#include "damaged_state.hpp"
#include "fealty/config/mapping_loader.hpp"
#include "fealty/config/program_loader.hpp"
#include "fealty/log/log.hpp"
#include "fealty/topologies/members.hpp"
#include "health.hpp"
#include "kafka_options.hpp"
#include "log_header.hpp"
#include "memory_shares.hpp"
#include "program_beside.hpp"
#include "program_reload.hpp"
#include "read_host.hpp"
#include "standbys.hpp"
#include "workers.hpp"

namespace fealty::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

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

/// Sums over all workers.
void log_counters(std::string_view event, const Workers& workers) {
  WorkerStatus sum;
  for (const WorkerStatus& one : workers.status()) sum.add(one);
  const runtime::Counters& counted = sum.counters;
  log::info(event, {{"workers", std::uint64_t{workers.size()}},
                    {"records", counted.records},
                    {"applied", counted.applied},
                    {"duplicates", counted.duplicates},
                    {"skipped", counted.skipped},
                    {"deadlettered", counted.deadlettered},
                    {"wrong_keys", counted.wrong_keys},
                    {"odd_fields", counted.odd_fields.total()},
                    {"recovered", counted.recovered},
                    {"commits", sum.commits},
                    {"aborts", sum.aborts},
                    {"commit_age_ms", std::int64_t{sum.commit_age.count()}},
                    {"lag", sum.lag.records},
                    {"lag_worst", sum.lag.worst},
                    {"lag_worst_partition", sum.lag.worst_partition},
                    {"members_cached", sum.members_cached},
                    {"cache_bytes", sum.cache_bytes}});
}

}  // namespace

Result<void> run_live(const config::ServiceConfig& service, const std::atomic<bool>& stop) {
  log::set_level(log_level(service.log_level));
  auto loaded = load_series_beside(service.program, service.state_dir);
  if (!loaded) return loaded.error();
  const program::Series& series = loaded->series;  // ProgramReload may put another in its place
  auto read_mapping = config::load_mapping(service.mapping);
  if (!read_mapping) return read_mapping.error();
  const auto mapping = fit_mapping(std::move(*read_mapping), {}, series.first().currency);
  if (!mapping) return mapping.error();
  const auto topology = topologies::members_topology(series, *mapping, service.kafka.input_topic);

  // The changelog could do the work of RocksDB's own log, but `fealty member --state` could not:
  // beside a running worker it would see what was flushed only. As it is, it sees what was saved
  // some seconds ago.
  const auto stores =
      open_service_stores({.dir = service.state_dir,
                           .wal = true,
                           .gather = std::chrono::seconds{5},
                           .memory = members_budget(service, Workers::wanted(service))},
                          service.on_damage);
  if (!stores) return stores.error();
  const auto workers = Workers::connect(service, series, topology, **stores, stop);
  if (!workers) return workers.error();
  (*workers)->on_opened = [&] { return keep_programs_beside(service.state_dir, loaded->files); };
  const auto reads = ReadHost::open(service, **workers);
  if (!reads) return reads.error();
  const auto standbys = Standbys::open(service, **stores, (*workers)->input_partitions());
  if (!standbys) return standbys.error();
  ProgramReload program{service.program, service.state_dir, *loaded, **workers};
  Health health{service.health_file};
  auto last_report = SteadyClock::now();
  log::info("run.started", {{"program", series.first().id},
                            {"version", series.newest().version},
                            {"generations", series.generations().size()},
                            {"input_topic", service.kafka.input_topic},
                            {"workers", std::uint64_t{(*workers)->size()}},
                            {"transactional_id", transactional_id(service.kafka)},
                            {"librdkafka", kafka::library_version()}});
  auto ran = (*workers)->run(stop, [&] {
    if ((*workers)->all_alive()) health.alive();
    program.look();
    const auto now = SteadyClock::now();
    if (now - last_report < std::chrono::seconds{10}) return;
    last_report = now;
    log_counters("worker.progress", **workers);
  });
  log_counters(ran ? "run.stopped" : "run.failed", **workers);
  if (!ran) note_damage(service.state_dir, ran.error());
  return ran;
}

}  // namespace fealty::cli
