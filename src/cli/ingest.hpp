#pragma once

#include <atomic>
#include <cstdint>

#include "fealty/base/result.hpp"
#include "fealty/config/service.hpp"
#include "fealty/kafka/options.hpp"

namespace fealty::cli {

/// What worker `worker` of it reads and writes on Kafka.
kafka::KafkaOptions ingest_options(const config::ServiceConfig& service, std::uint32_t worker);

/// Runs the ingest topology on Kafka until `stop` is set, then commits. Worker `worker` of this
/// process: each has its place in the group, its transactional id and its table of orders.
/// Threads: any; several workers side by side.
Result<void> run_ingest(const config::ServiceConfig& service, std::uint32_t worker,
                        const std::atomic<bool>& stop);

/// What `run` in the service file says: ingest, members, or both side by side. The first to fail
/// ends the other.
Result<void> run_service(const config::ServiceConfig& service, const std::atomic<bool>& stop);

}  // namespace fealty::cli
