#pragma once

#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/config/service.hpp"

namespace fealty::cli {

/// The settings that a process runs by: the file, over it the environment, over that `sets`
/// ("a.b=v" each), of which the last one wins. Errors: usage, invalid_config.
Result<config::ServiceConfig> service_settings(const std::string& file,
                                               const std::vector<std::string>& sets);

}  // namespace fealty::cli
