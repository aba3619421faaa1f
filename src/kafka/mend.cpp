#include "mend.hpp"

#include <fmt/format.h>

#include "security.hpp"

namespace fealty::kafka {

namespace {

/// As ACLs name whom these settings log in; a certificate's name is for its owner to fill in.
std::string principal(const KafkaOptions& options) {
  if (!options.security_protocol.starts_with("sasl")) {
    return options.certificate_file.empty() ? "User:ANONYMOUS" : "User:CN=...";
  }
  if (!options.token_file.empty()) {
    const auto token = read_token(options.token_file, unix_now_ms());
    return "User:" + (token && !token->principal.empty() ? token->principal : "...");
  }
  if (options.sasl_mechanism == "GSSAPI") {
    return "User:" +
           options.kerberos_principal.substr(0, options.kerberos_principal.find_first_of("/@"));
  }
  return "User:" + (options.sasl_username.empty() ? "..." : options.sasl_username);
}

}  // namespace

std::string acl_command(const KafkaOptions& options, std::string_view operation,
                        std::string_view resource, std::string_view name) {
  return fmt::format(
      "kafka-acls.sh --bootstrap-server {} --add --allow-principal '{}' --operation {} {} '{}'",
      options.brokers, principal(options), operation, resource, name);
}

std::string create_command(const KafkaOptions& options, std::string_view topic,
                           std::uint32_t partitions, bool compacted) {
  return fmt::format("kafka-topics.sh --bootstrap-server {} --create --topic {} --partitions {}{}",
                     options.brokers, topic, partitions,
                     compacted ? fmt::format(" --config cleanup.policy=compact --config "
                                             "max.message.bytes={}",
                                             record_bytes_max)
                               : std::string{});
}

std::string alter_command(const KafkaOptions& options, std::string_view topic,
                          std::string_view setting) {
  return fmt::format(
      "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} "
      "--add-config {}",
      options.brokers, topic, setting);
}

}  // namespace fealty::kafka
