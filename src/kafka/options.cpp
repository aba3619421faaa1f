#include "fealty/kafka/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace fealty::kafka {

namespace {

// What the promises rest on, and what has a field of its own.
constexpr std::array<std::string_view, 22> reserved{"bootstrap.servers",
                                                    "metadata.broker.list",
                                                    "client.id",
                                                    "group.id",
                                                    "group.instance.id",
                                                    "transactional.id",
                                                    "enable.auto.commit",
                                                    "enable.auto.offset.store",
                                                    "auto.offset.reset",
                                                    "isolation.level",
                                                    "check.crcs",
                                                    "partition.assignment.strategy",
                                                    "enable.idempotence",
                                                    "partitioner",
                                                    "acks",
                                                    "request.required.acks",
                                                    "message.timeout.ms",
                                                    "transaction.timeout.ms",
                                                    "security.protocol",
                                                    "sasl.username",
                                                    "sasl.password",
                                                    "enable.partition.eof"};

}  // namespace

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
  if (options.transaction_timeout < std::chrono::seconds{10}) {
    fault("transaction_timeout: at least 10 s");
  }
  const bool sasl = options.security_protocol.starts_with("sasl");
  if (sasl && options.sasl_username.empty()) fault("sasl_username: needed for SASL");
  if (sasl && options.sasl_password.empty() == options.sasl_password_file.empty()) {
    fault("sasl_password, sasl_password_file: SASL needs exactly one of them");
  }
  for (const auto& [key, value] : options.extra) {
    if (std::find(reserved.begin(), reserved.end(), key) != reserved.end()) {
      fault(fmt::format("extra: {} is not yours to set", key));
    }
  }
  if (!faults.empty()) return Error{Errc::invalid_config, "kafka", faults};
  return {};
}

}  // namespace fealty::kafka
