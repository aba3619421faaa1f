#include "properties.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "client.hpp"
#include "fealty/kafka/properties.hpp"
#include "handles.hpp"
#include "property_rules.hpp"
#include "security.hpp"

namespace fealty::kafka {

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// librdkafka's own list, the source of its CONFIGURATION.md: "name | C/P | range | ...".
std::string own_list() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const stream = open_memstream(&text, &size);
  if (stream == nullptr) return {};
  rd_kafka_conf_properties_show(stream);
  std::fclose(stream);
  std::string out{text, size};
  std::free(text);
  return out;
}

using Scopes = std::map<std::string, std::string, std::less<>>;

Scopes read_scopes() {
  Scopes out;
  const std::string list = own_list();
  for (std::string_view rest = list; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto first = line.find('|');
    if (first == std::string_view::npos) continue;
    const auto second = line.find('|', first + 1);
    if (second == std::string_view::npos) continue;
    // Some stand there twice, for the client and for a topic.
    out[std::string{trimmed(line.substr(0, first))}] +=
        trimmed(line.substr(first + 1, second - first - 1));
  }
  return out;
}

const Scopes& scopes() {
  static const Scopes all = read_scopes();
  return all;
}

}  // namespace

bool property_concerns(rd_kafka_type_t type, std::string_view name) {
  auto found = scopes().find(name);
  constexpr std::string_view prefix = "topic.";
  if (found == scopes().end() && name.starts_with(prefix)) {
    found = scopes().find(name.substr(prefix.size()));
  }
  if (found == scopes().end()) return true;
  const std::string_view own = type == RD_KAFKA_CONSUMER ? "C*" : "P*";
  return found->second.find_first_of(own) != std::string::npos;
}

std::string property_fault(std::string_view name, std::string_view value) {
  if (auto why = reserved_property(name, value); !why.empty()) return why;
  const ConfHandle conf{rd_kafka_conf_new()};
  std::array<char, 512> reason{};
  const auto outcome = rd_kafka_conf_set(conf.get(), std::string{name}.c_str(),
                                         std::string{value}.c_str(), reason.data(), reason.size());
  if (outcome == RD_KAFKA_CONF_OK) return {};
  if (outcome == RD_KAFKA_CONF_UNKNOWN) {
    return fmt::format("librdkafka {} knows no such property", rd_kafka_version_str());
  }
  std::string_view said = reason.data();
  while (said.ends_with('\n')) said.remove_suffix(1);
  if (secret_property(name) && !value.empty() && said.find(value) != std::string_view::npos) {
    return "librdkafka refuses it";
  }
  return fmt::format("librdkafka refuses it: {}", said);
}

Result<void> try_clients(const KafkaOptions& options) {
  if (options.sasl_mechanism == "GSSAPI") {
    const std::string& keytab = options.kerberos_keytab;
    if (keytab.empty() || std::ifstream{keytab}) return {};
    return Error{Errc::invalid_config, "kafka.security.kerberos_keytab", "cannot read " + keytab};
  }
  KafkaOptions alone = options;
  alone.brokers.clear();
  if (!alone.token_file.empty()) {
    if (auto token = read_token(alone.token_file, unix_now_ms()); !token) return token.error();
    alone.token_file.clear();
  }
  const auto consumer = Client::make(RD_KAFKA_CONSUMER, alone, source_properties(alone), {});
  if (!consumer) return consumer.error();
  const auto producer = Client::make(RD_KAFKA_PRODUCER, alone, producer_properties(alone), {});
  if (!producer) return producer.error();
  return {};
}

bool secret_property(std::string_view name) {
  constexpr std::array<std::string_view, 5> marks{"password", "secret", "passphrase", "private.key",
                                                  "ssl.key.pem"};
  for (const auto mark : marks) {
    if (name.find(mark) != std::string_view::npos) return !name.ends_with(".file");
  }
  return false;
}

std::string library_features() {
  const ConfHandle conf{rd_kafka_conf_new()};
  std::array<char, 4096> text{};
  std::size_t size = text.size();
  if (rd_kafka_conf_get(conf.get(), "builtin.features", text.data(), &size) != RD_KAFKA_CONF_OK) {
    return {};
  }
  return text.data();
}

bool library_has(std::string_view feature) {
  return ("," + library_features() + ",").find(fmt::format(",{},", feature)) != std::string::npos;
}

}  // namespace fealty::kafka
