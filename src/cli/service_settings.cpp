#include "service_settings.hpp"

#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace fealty::cli {

Result<config::ServiceConfig> service_settings(const std::string& file,
                                               const std::vector<std::string>& sets) {
  std::vector<const char*> environment;
  for (char** at = environ; *at != nullptr; ++at) environment.push_back(*at);
  auto overrides = config::environment_overrides(environment);
  for (const std::string& text : sets) {
    auto set = config::parse_set(text);
    if (!set) return set.error();
    overrides.push_back(std::move(*set));
  }
  return config::load_service(file, overrides);
}

}  // namespace fealty::cli
