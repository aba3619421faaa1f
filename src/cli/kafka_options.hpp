#pragma once

#include <atomic>
#include <memory>

#include "fealty/config/service.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/kafka/options.hpp"

namespace fealty::cli {

/// The service file's words for Kafka as the kafka room takes them. `check` and `run` both validate
/// the result, so that neither accepts what the other refuses.
/// `worker`: the number of one of the process's, which its ids end in.
kafka::KafkaOptions kafka_options(const config::KafkaConfig& from, std::uint32_t worker);

/// How long brokers that are away are waited for.
std::chrono::milliseconds broker_wait(const config::KafkaConfig& from);

/// Of the process: as stated, else the group, "-" and the host's name.
std::string transactional_id(const config::KafkaConfig& from);

/// KafkaBus::connect(), again and again where the service file asks to wait for brokers that are
/// not there, until they are or `stop` is set.
Result<std::unique_ptr<kafka::KafkaBus>> connect_bus(const kafka::KafkaOptions& options,
                                                     const config::KafkaConfig& from,
                                                     const std::atomic<bool>& stop);

}  // namespace fealty::cli
