#include "kafka_options.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>

#include "fealty/log/log.hpp"

namespace fealty::cli {
namespace {

// The config room names the place of a value out of range, but may not ask the kafka room for the
// range.
static_assert(kafka::session_timeout_min.count() == config::session_timeout_ms_min);
static_assert(kafka::session_timeout_max.count() == config::session_timeout_ms_max);
static_assert(kafka::transaction_timeout_min.count() == config::transaction_timeout_ms_min);
static_assert(kafka::transaction_timeout_max.count() == config::transaction_timeout_ms_max);

}  // namespace

std::chrono::milliseconds broker_wait(const config::KafkaConfig& from) {
  if (from.wait_for_broker_s == config::wait_for_ever) return kafka::broker_wait_max;
  return std::chrono::seconds{from.wait_for_broker_s};
}

std::string transactional_id(const config::KafkaConfig& from) {
  if (!from.transactional_id.empty()) return from.transactional_id;
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host.fill(0);
  return from.group + "-" + host.data();
}

kafka::KafkaOptions kafka_options(const config::KafkaConfig& from, std::uint32_t worker) {
  kafka::KafkaOptions to;
  to.brokers = from.brokers;
  to.group = from.group;
  to.input_topic = from.input_topic;
  to.start = from.start == config::Start::earliest ? kafka::Start::earliest : kafka::Start::latest;
  to.output_prefix = from.output_prefix;
  to.transactional_id = transactional_id(from) + "-" + std::to_string(worker);
  to.group_instance = to.transactional_id;  // Both are one a worker, stable over restarts.
  to.create_topics = from.create_topics;
  to.replication_factor = from.replication_factor;
  to.security_protocol = config::name(from.security.protocol);
  to.sasl_mechanism = from.security.mechanism;
  to.sasl_username = from.security.username;
  to.sasl_password = from.security.password.reveal();
  to.ca_file = from.security.ca_file;
  to.certificate_file = from.security.certificate_file;
  to.key_file = from.security.key_file;
  to.token_file = from.security.token_file;
  to.kerberos_principal = from.security.kerberos_principal;
  to.kerberos_keytab = from.security.kerberos_keytab;
  to.kerberos_service = from.security.kerberos_service;
  for (const auto& [name, value] : from.properties) to.extra.emplace_back(name, value.reveal());
  to.session_timeout = std::chrono::milliseconds{from.session_timeout_ms};
  to.transaction_timeout = std::chrono::milliseconds{from.transaction_timeout_ms};
  to.broker_wait = broker_wait(from);
  return to;
}

Result<std::unique_ptr<kafka::KafkaBus>> connect_bus(const kafka::KafkaOptions& options,
                                                     const config::KafkaConfig& from,
                                                     const std::atomic<bool>& stop) {
  const auto since = std::chrono::steady_clock::now();
  while (true) {
    auto bus = kafka::KafkaBus::connect(options);
    if (bus || bus.error().code != Errc::broker_unreachable || !from.wait_at_start) return bus;
    const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - since);
    if (stop.load(std::memory_order_relaxed) || away >= options.broker_wait) return bus;
    log::warn("run.waiting",
              {{"away_ms", std::int64_t{away.count()}}, {"reason", to_string(bus.error())}});
  }
}

}  // namespace fealty::cli
