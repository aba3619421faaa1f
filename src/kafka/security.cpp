#include "security.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace fealty::kafka {

namespace {

const std::string* property(const KafkaOptions& options, std::string_view name) {
  const auto found = std::find_if(options.extra.rbegin(), options.extra.rend(),
                                  [&](const auto& one) { return one.first == name; });
  return found == options.extra.rend() ? nullptr : &found->second;
}

bool is(const std::string* text, std::string_view wanted) {
  return text != nullptr && *text == wanted;
}

/// What librdkafka calls the ability behind a mechanism.
std::string_view feature_of(std::string_view mechanism) {
  if (mechanism == "GSSAPI") return "sasl_gssapi";
  if (mechanism == "OAUTHBEARER") return "sasl_oauthbearer";
  if (mechanism.starts_with("SCRAM")) return "sasl_scram";
  return "sasl_plain";
}

std::string built_without(std::string_view setting, std::string_view what,
                          std::string_view features) {
  return fmt::format(
      "security.{}: librdkafka {} was built without {} (it has: {}). Install a build that has it, "
      "or "
      "choose another",
      setting, rd_kafka_version_str(), what, features);
}

std::string mechanism_fault(const KafkaOptions& options) {
  const std::string& mechanism = options.sasl_mechanism;
  if (mechanism == "OAUTHBEARER") {
    const bool oidc = is(property(options, "sasl.oauthbearer.method"), "oidc");
    const bool unsecured = is(property(options, "enable.sasl.oauthbearer.unsecure.jwt"), "true");
    if (int{oidc} + int{unsecured} + int{!options.token_file.empty()} == 1) return {};
    return "security.token_file: OAUTHBEARER needs one source of tokens: this file, or the "
           "property "
           "sasl.oauthbearer.method: oidc (for tests only: enable.sasl.oauthbearer.unsecure.jwt)";
  }
  if (mechanism == "GSSAPI") {
    if (options.kerberos_principal.empty()) {
      return "security.kerberos_principal: GSSAPI needs one, such as fealty@EXAMPLE.ORG";
    }
    if (options.kerberos_keytab.empty() &&
        property(options, "sasl.kerberos.kinit.cmd") == nullptr) {
      return "security.kerberos_keytab: GSSAPI needs the principal's keytab, or a property "
             "sasl.kerberos.kinit.cmd that gets tickets in another way";
    }
    return {};
  }
  if (options.sasl_username.empty()) return "sasl_username: needed for SASL";
  if (options.sasl_password.empty() == options.sasl_password_file.empty()) {
    return "sasl_password, sasl_password_file: SASL needs exactly one of them";
  }
  return {};
}

Result<std::string> password(const KafkaOptions& options) {
  if (options.sasl_password_file.empty()) return options.sasl_password;
  std::ifstream file{options.sasl_password_file};
  std::string line;
  if (!std::getline(file, line)) {
    return Error{Errc::invalid_config, "kafka.sasl_password_file",
                 "cannot read " + options.sasl_password_file};
  }
  return line;
}

}  // namespace

Result<void> validate_security(const KafkaOptions& options, std::string_view features) {
  std::string faults;
  const auto fault = [&faults](std::string_view text) {
    if (!text.empty()) faults.append(faults.empty() ? "" : "; ").append(text);
  };
  const auto has = [&](std::string_view feature) {
    return fmt::format(",{},", features).find(fmt::format(",{},", feature)) != std::string::npos;
  };
  if (options.security_protocol.ends_with("ssl") && !has("ssl")) {
    fault(built_without("protocol", "TLS", features));
  }
  if (options.security_protocol.starts_with("sasl")) {
    if (!has(feature_of(options.sasl_mechanism))) {
      fault(built_without("mechanism", options.sasl_mechanism, features));
    }
    fault(mechanism_fault(options));
  }
  if (!faults.empty()) return Error{Errc::invalid_config, "kafka", faults};
  return {};
}

Result<Properties> security_properties(const KafkaOptions& options) {
  Properties out{{"security.protocol", options.security_protocol}};
  if (!options.ca_file.empty()) out.emplace_back("ssl.ca.location", options.ca_file);
  if (!options.certificate_file.empty()) {
    out.emplace_back("ssl.certificate.location", options.certificate_file);
    out.emplace_back("ssl.key.location", options.key_file);
  }
  if (!options.security_protocol.starts_with("sasl")) return out;
  out.emplace_back("sasl.mechanism", options.sasl_mechanism);
  if (options.sasl_mechanism == "OAUTHBEARER") return out;
  if (options.sasl_mechanism == "GSSAPI") {
    out.emplace_back("sasl.kerberos.principal", options.kerberos_principal);
    out.emplace_back("sasl.kerberos.service.name", options.kerberos_service);
    if (!options.kerberos_keytab.empty()) {
      out.emplace_back("sasl.kerberos.keytab", options.kerberos_keytab);
    }
    return out;
  }
  const auto secret = password(options);
  if (!secret) return secret.error();
  out.emplace_back("sasl.username", options.sasl_username);
  out.emplace_back("sasl.password", *secret);
  return out;
}

}  // namespace fealty::kafka
