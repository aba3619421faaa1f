#include "service_settings.hpp"

#include <utility>

#include "fealty/kafka/properties.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX asks for it

namespace fealty::cli {
namespace {

// The config room knows the places, the kafka room the properties.
const config::PropertyRules& rules() {
  static const config::PropertyRules both{&kafka::property_fault, &kafka::secret_property};
  return both;
}

}  // namespace

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
  return config::load_service(file, overrides, rules());
}

Result<config::ServiceConfig> service_file(const std::string& file) {
  return config::load_service(file, {}, rules());
}

}  // namespace fealty::cli
