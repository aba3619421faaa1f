#include "fealty/kafka/options.hpp"

#include <fmt/format.h>

#include <string_view>

#include "fealty/kafka/properties.hpp"
#include "security.hpp"

namespace fealty::kafka {

std::string KafkaOptions::effective_transactional_id() const {
  if (!transactional_id.empty()) return transactional_id;
  return group + "-" + (group_instance.empty() ? "0" : group_instance);
}

Result<void> validate(const KafkaOptions& options) {
  std::string faults;
  const auto fault = [&faults](std::string_view text) {
    faults.append(faults.empty() ? "" : "; ").append(text);
  };
  if (options.brokers.empty()) fault("brokers: must name at least one host:port");
  if (options.group.empty()) fault("group: must not be empty");
  if (options.input_topic.empty()) fault("input_topic: must not be empty");
  const auto within = [&fault](std::string_view name, std::chrono::milliseconds value,
                               std::chrono::milliseconds min, std::chrono::milliseconds max) {
    if (value >= min && value <= max) return;
    fault(fmt::format("{}: {} ms is out of range, {} to {} ms", name, value.count(), min.count(),
                      max.count()));
  };
  within("session_timeout", options.session_timeout, session_timeout_min, session_timeout_max);
  within("transaction_timeout", options.transaction_timeout, transaction_timeout_min,
         transaction_timeout_max);
  constexpr std::chrono::milliseconds one{1};
  within("start_timeout", options.start_timeout, one, transaction_timeout_max);
  within("commit_timeout", options.commit_timeout, one, transaction_timeout_max);
  if (options.replication_factor != -1 &&
      (options.replication_factor < 1 || options.replication_factor > 32'767)) {
    fault("replication_factor: 1 to 32767, or -1 for the broker's default");
  }
  if (auto fit = validate_security(options, library_features()); !fit) fault(fit.error().detail);
  for (const auto& [key, value] : options.extra) {
    const std::string why = property_fault(key, value);
    if (!why.empty()) fault(fmt::format("properties.{}: {}", key, why));
  }
  if (!faults.empty()) return Error{Errc::invalid_config, "kafka", faults};
  return {};
}

}  // namespace fealty::kafka
