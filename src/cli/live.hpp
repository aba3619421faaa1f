#pragma once

#include <atomic>

#include "fealty/base/result.hpp"
#include "fealty/config/service.hpp"

namespace fealty::cli {

/// Runs the members topology on Kafka until `stop` is set, then saves everything and commits.
Result<void> run_live(const config::ServiceConfig& service, const std::atomic<bool>& stop);

}  // namespace fealty::cli
