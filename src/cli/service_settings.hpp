#pragma once

#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/config/service.hpp"

namespace fealty::cli {

/// The service file as `run` takes it: over it the environment, then `sets` ("a.b=v"), the last one
/// wins. Errors: usage, invalid_config with every fault and its place, librdkafka's included.
Result<config::ServiceConfig> service_settings(const std::string& file,
                                               const std::vector<std::string>& sets);
/// The file alone.
Result<config::ServiceConfig> service_file(const std::string& file);

}  // namespace fealty::cli
