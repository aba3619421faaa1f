#pragma once

#include "fealty/config/service.hpp"
#include "fealty/kafka/options.hpp"

namespace fealty::cli {

/// The service file's words for Kafka as the kafka room takes them. `check` and `run` both validate
/// the result, so that neither accepts what the other refuses.
kafka::KafkaOptions kafka_options(const config::KafkaConfig& from);

}  // namespace fealty::cli
