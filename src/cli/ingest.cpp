#include "ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "fealty/config/mapping_loader.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/log/log.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/ingest.hpp"
#include "fealty/state/feed_table.hpp"
#include "fealty/topologies/ingest.hpp"
#include "health.hpp"
#include "kafka_options.hpp"
#include "log_header.hpp"
#include "memory_shares.hpp"
#include "program_beside.hpp"

namespace fealty::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
using topologies::ingest_stream::canonical;
using topologies::ingest_stream::waiting;

/// Of what grows with the load in a process: ingest holds no members.
constexpr std::size_t fetched_kib_max = 64 * 1024;

std::string described(const config::IngestInput& input) {
  return input.pattern.empty()
             ? fmt::format("{} ({})", fmt::join(input.topics, ", "), input.mapping)
             : fmt::format("/{}/ ({})", input.pattern, input.mapping);
}

/// Each with what stands for money where it states none, as members would read it.
Result<std::vector<codec::Mapping>> mappings_of(const config::ServiceConfig& service,
                                                Currency currency) {
  std::vector<codec::Mapping> out;
  for (const config::IngestInput& input : service.ingest.inputs) {
    auto mapping = config::load_mapping(input.mapping);
    if (!mapping) return mapping.error();
    auto fit = fit_mapping(std::move(*mapping), {}, currency);
    if (!fit) return fit.error();
    out.push_back(std::move(*fit));
  }
  return out;
}

runtime::CommitLoopOptions loop_options(const config::ServiceConfig& service) {
  runtime::CommitLoopOptions loop;
  loop.pipeline.queue_bytes_max = ingest_budget(service).outputs();
  loop.input.poll_timeout = std::chrono::milliseconds{service.commit.interval_ms};
  loop.commit.events_max = service.commit.events_max;
  loop.commit.interval = std::chrono::milliseconds{service.commit.interval_ms};
  loop.setbacks.aborts_max = service.commit.aborts_max;
  loop.setbacks.bus_wait = broker_wait(service.kafka);
  loop.commit.idle = std::chrono::seconds{1};  // where a partition begins is settled by then
  return loop;
}

void log_counters(std::string_view event, const runtime::Ingest& ingest,
                  const runtime::CommitLoop& loop) {
  const runtime::IngestCounters& counted = ingest.counters();
  log::info(event, {{"records", counted.records},
                    {"routed", counted.routed},
                    {"by_order", counted.by_order},
                    {"waited", counted.waited},
                    {"waiting", ingest.waiting()},
                    {"skipped", counted.skipped},
                    {"odd_fields", counted.odd_fields},
                    {"tombstones", counted.tombstones},
                    {"deadlettered", counted.deadlettered},
                    {"commits", loop.commits()},
                    {"aborts", loop.aborts()}});
}

}  // namespace

kafka::KafkaOptions ingest_options(const config::ServiceConfig& service, std::uint32_t worker) {
  kafka::KafkaOptions options = kafka_options(service.kafka, worker);
  options.streams = topologies::ingest_streams;
  options.group += "-ingest";
  options.transactional_id = fmt::format("{}-ingest-{}", transactional_id(service.kafka), worker);
  options.group_instance = options.transactional_id;
  const std::string_view canonical_name =
      ports::spec_of(topologies::ingest_streams, canonical).name;
  options.output_topics.emplace_back(canonical_name, service.kafka.input_topic);
  for (const config::IngestInput& input : service.ingest.inputs) {
    options.input_topics.insert(options.input_topics.end(), input.topics.begin(),
                                input.topics.end());
    if (!input.pattern.empty()) options.input_patterns.push_back(input.pattern);
  }
  options.input_topics.push_back(service.kafka.output_prefix +
                                 std::string{ports::spec_of(options.streams, waiting).name});
  options.discover_within = service.ingest.discover;
  const runtime::MemoryBudget memory = ingest_budget(service);
  options.fetch_queue_kib_max =
      static_cast<std::uint32_t>(std::min(fetched_kib_max, memory.fetched() >> 10U));
  options.output_queue_kib_max = static_cast<std::uint32_t>(memory.produced() >> 10U);
  return options;
}

Result<void> run_ingest(const config::ServiceConfig& service, std::uint32_t worker,
                        const std::atomic<bool>& stop) {
  const auto loaded = load_series_beside(service.program, service.state_dir);
  if (!loaded) return loaded.error();
  const Currency currency = loaded->series.first().currency;
  const auto mappings = mappings_of(service, currency);
  if (!mappings) return mappings.error();
  const auto canonical_mapping = fit_mapping(codec::cloudevents_mapping(), {}, currency);
  if (!canonical_mapping) return canonical_mapping.error();

  const kafka::KafkaOptions options = ingest_options(service, worker);
  const auto bus = connect_bus(options, service.kafka, stop);
  if (!bus) return bus.error();
  const auto waiting_partitions = (*bus)->changelog_partitions();
  if (!waiting_partitions) return waiting_partitions.error();

  std::vector<topologies::IngestInput> inputs;
  for (std::size_t i = 0; i < mappings->size(); ++i) {
    inputs.push_back({described(service.ingest.inputs[i]), &(*mappings)[i]});
  }
  const auto topology = topologies::ingest_topology(
      inputs,
      [&service](std::string_view topic) { return config::input_of(service.ingest, topic); },
      *canonical_mapping, options.input_topics.back());

  const runtime::MemoryBudget memory = ingest_budget(service);
  const auto table = state::open_feed_table(fmt::format("{}/ingest/{}", service.state_dir, worker),
                                            memory.write_buffers() / memory.workers());
  if (!table) return table.error();
  const auto feed = (*bus)->feed(topologies::ingest_stream::orders);
  runtime::OrderBook orders{*feed, **table};
  if (auto opened = orders.open(); !opened) return opened;

  runtime::IngestOptions how;
  how.wait = service.ingest.wait;
  how.waiting_partitions = *waiting_partitions;
  runtime::Ingest ingest{topology, (*bus)->source(), (*bus)->changelog(), orders, how};
  runtime::CommitLoop loop{(*bus)->source(), [] { return nullptr; }, ingest, (*bus)->sink(),
                           loop_options(service)};
  // With members beside it, these say whether the process is alive.
  Health health{service.run.members ? std::string{} : service.health_file};
  auto last_report = SteadyClock::now();
  loop.hooks.on_progress = [&] {
    if (loop.healthy()) health.alive();
    const auto now = SteadyClock::now();
    if (now - last_report < std::chrono::seconds{10}) return;
    last_report = now;
    log_counters("ingest.progress", ingest, loop);
  };
  log::info("ingest.started", {{"inputs", topology.source},
                               {"to", service.kafka.input_topic},
                               {"transactional_id", options.transactional_id}});
  auto ran = loop.run(stop);
  log_counters(ran ? "ingest.stopped" : "ingest.failed", ingest, loop);
  return ran;
}

}  // namespace fealty::cli
