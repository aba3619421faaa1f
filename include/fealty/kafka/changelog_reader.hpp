#pragma once

#include <memory>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

/// The changelog topic of a service, for reading beside a worker: joins no group, fences nobody and
/// writes nothing. Returns at once; brokers are first asked when a partition is opened.
/// Errors: invalid_config; of its readers as KafkaBus.
Result<std::unique_ptr<ports::Changelog>> open_changelog(const KafkaOptions& options);

}  // namespace fealty::kafka
