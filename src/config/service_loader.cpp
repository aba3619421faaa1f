#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <utility>

#include "fealty/config/service.hpp"
#include "fealty/config/yaml.hpp"

namespace fealty::config {
namespace {

constexpr std::array<std::string_view, 4> protocols{"plaintext", "ssl", "sasl_plaintext",
                                                    "sasl_ssl"};
constexpr std::array<std::string_view, 3> mechanisms{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"};
constexpr std::array<std::string_view, 2> starts{"earliest", "latest"};
constexpr std::array<std::string_view, 2> key_checks{"deadletter", "count"};
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 12> top_level{
    "program", "mapping",    "state", "cache",       "kafka", "workers",
    "commit",  "checkpoint", "clock", "health_file", "reads", "log"};

template <class T>
void take(std::optional<T> value, T& into) {
  if (value) into = std::move(*value);
}

template <class T>
void take_integer(Map& map, std::string_view key, std::int64_t min, std::int64_t max, T& into) {
  if (const auto value = map.integer(key, min, max)) into = static_cast<T>(*value);
}

template <class E, std::size_t N>
void take_choice(Map& map, std::string_view key, const std::array<std::string_view, N>& names,
                 E& into) {
  if (const auto index = map.choice(key, names)) into = static_cast<E>(*index);
}

bool from_outside(const Value& value) { return !value.node().place.origin.empty(); }

/// A path as a reader of the file means it: relative to the file, unless it came from outside.
void take_path(Map& map, std::string_view key, const std::string& file, std::string& into) {
  const auto value = map.get(key);
  if (!value) return;
  const auto text = value->text();
  if (!text) return;
  const std::filesystem::path path{*text};
  into = path.is_absolute() || from_outside(*value)
             ? path.string()
             : (std::filesystem::path{file}.parent_path() / path).lexically_normal().string();
}

/// "268435456", "256MiB", "1 GiB".
void take_bytes(Map& map, std::string_view key, std::uint64_t min, std::uint64_t& into) {
  const auto value = map.get(key);
  if (!value) return;
  const auto text = value->text();
  if (!text) return;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  std::string_view unit{end, static_cast<std::size_t>(text->data() + text->size() - end)};
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  constexpr std::array<std::pair<std::string_view, int>, 5> units{
      {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
  const auto found = std::find_if(units.begin(), units.end(),
                                  [&](const auto& entry) { return entry.first == unit; });
  if (error != std::errc{} || found == units.end()) {
    value->fault("expected a number of bytes, such as 268435456 or 256MiB");
    return;
  }
  if (number > (std::uint64_t{1} << 46) >> found->second || number << found->second < min) {
    value->fault("out of range: " + std::to_string(min >> 20) + "MiB to 65536GiB");
    return;
  }
  into = number << found->second;
}

void read_password(Map& security, const std::string& file, SecurityConfig& out) {
  if (const auto direct = security.get("password")) {
    if (direct->node().place.origin.starts_with("FEALTY_")) {
      out.password = Secret{direct->node().text};
    } else {
      direct->fault("a password must not stand here; use password_file, or the environment");
    }
  }
  std::string path;
  take_path(security, "password_file", file, path);
  if (path.empty()) return;
  std::ifstream in{path};
  std::string text;
  if (!in || !std::getline(in, text) || text.empty()) {
    security.fault("password_file: cannot read a first line from '" + path + "'");
    return;
  }
  if (text.ends_with('\r')) text.pop_back();
  out.password = Secret{std::move(text)};
}

void read_security(Map& security, const std::string& file, SecurityConfig& out) {
  take_choice(security, "protocol", protocols, out.protocol);
  if (const auto index = security.choice("mechanism", mechanisms)) {
    out.mechanism = mechanisms[*index];
  }
  take(security.text("username"), out.username);
  read_password(security, file, out);
  take_path(security, "ca_file", file, out.ca_file);
  take_path(security, "certificate_file", file, out.certificate_file);
  take_path(security, "key_file", file, out.key_file);
  const bool sasl = out.protocol == Protocol::sasl_plaintext || out.protocol == Protocol::sasl_ssl;
  if (sasl && out.username.empty()) security.fault("sasl needs a username");
  if (sasl && out.password.empty()) security.fault("sasl needs a password_file");
  if (out.certificate_file.empty() != out.key_file.empty()) {
    security.fault("certificate_file and key_file belong together");
  }
  security.finish();
}

/// What Kafka accepts as a topic name, or a part of one.
void take_topic(Map& map, std::string_view key, std::string& into) {
  const auto value = map.get(key);
  if (!value) return;
  const auto text = value->text();
  if (!text) return;
  const bool legal = text->size() <= 200 && std::all_of(text->begin(), text->end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                     });
  if (!legal) {
    value->fault("a topic name has at most 200 of the letters a-z A-Z 0-9 . _ -");
    return;
  }
  into = *text;
}

void read_kafka(Map& kafka, const std::string& file, KafkaConfig& out) {
  if (const auto brokers = kafka.require("brokers")) take(brokers->text(), out.brokers);
  if (kafka.require("input_topic")) take_topic(kafka, "input_topic", out.input_topic);
  take(kafka.text("group"), out.group);
  take_topic(kafka, "output_prefix", out.output_prefix);
  take(kafka.text("transactional_id"), out.transactional_id);
  take_choice(kafka, "start", starts, out.start);
  take_choice(kafka, "key_check", key_checks, out.key_check);
  take(kafka.boolean("create_topics"), out.create_topics);
  take_integer(kafka, "replication_factor", 1, 32, out.replication_factor);
  take_integer(kafka, "session_timeout_ms", session_timeout_ms_min, session_timeout_ms_max,
               out.session_timeout_ms);
  take_integer(kafka, "transaction_timeout_ms", transaction_timeout_ms_min,
               transaction_timeout_ms_max, out.transaction_timeout_ms);
  if (auto security = kafka.map("security")) read_security(*security, file, out.security);
  kafka.finish();
}

void read_limits(Map& root, ServiceConfig& out) {
  constexpr std::uint64_t memory_bytes_min = 16 << 20;
  if (auto memory = root.map("memory")) {
    take_bytes(*memory, "budget", memory_bytes_min, out.memory_bytes);
    memory->finish();
  }
  if (auto checkpoint = root.map("checkpoint")) {
    take_integer(*checkpoint, "distance_events", 1, 1'000'000'000'000,
                 out.checkpoint.distance_events);
    take_integer(*checkpoint, "distance_s", 1, 86'400 * 7, out.checkpoint.distance_s);
    checkpoint->finish();
  }
  if (auto commit = root.map("commit")) {
    take_integer(*commit, "interval_ms", 1, 60'000, out.commit.interval_ms);
    take_integer(*commit, "events_max", 1, 10'000'000, out.commit.events_max);
    commit->finish();
  }
  if (auto clock = root.map("clock")) {
    take_integer(*clock, "tick_after_idle_s", 0, 86'400 * 7, out.clock.tick_after_idle_s);
    clock->finish();
  }
}

void read_mapping(Map& root, const std::string& file, std::string& into) {
  const auto text = root.text("mapping");
  if (!text) return;
  const bool is_file = text->find('/') != std::string::npos || text->ends_with(".yaml");
  if (is_file) {
    take_path(root, "mapping", file, into);
  } else {
    into = *text;
  }
}

void read_service(Map& root, const std::string& file, ServiceConfig& out) {
  if (root.require("program")) take_path(root, "program", file, out.program);
  read_mapping(root, file, out.mapping);
  if (const auto value = root.require("state")) {
    if (auto state = value->map()) {
      if (state->require("dir")) take_path(*state, "dir", file, out.state_dir);
      state->finish();
    }
  }
  if (const auto value = root.require("kafka")) {
    if (auto kafka = value->map()) read_kafka(*kafka, file, out.kafka);
  }
  take_integer(root, "workers", 1, workers_max, out.workers);
  read_limits(root, out);
  take_path(root, "health_file", file, out.health_file);
  if (auto reads = root.map("reads")) {
    take_path(*reads, "socket", file, out.reads_socket);
    constexpr std::size_t socket_bytes_max = 107;  // as the kernel takes it
    if (out.reads_socket.size() > socket_bytes_max) {
      reads->fault("socket: a path of at most 107 bytes, not '" + out.reads_socket + "'");
    }
    reads->finish();
  }
  if (auto log = root.map("log")) {
    take_choice(*log, "level", log_levels, out.log_level);
    log->finish();
  }
  root.finish();
}

}  // namespace

std::string_view name(Protocol protocol) { return protocols[static_cast<std::size_t>(protocol)]; }

bool is_service_key(std::string_view key) {
  // `program` and `mapping` may stand in other files too; these may not.
  return key == "kafka" || key == "state" || key == "commit" || key == "checkpoint" ||
         key == "health_file" || key == "reads";
}

std::vector<Override> environment_overrides(std::span<const char* const> environment) {
  constexpr std::string_view prefix = "FEALTY_";
  std::vector<Override> out;
  for (const std::string_view entry : environment) {
    const auto equals = entry.find('=');
    if (!entry.starts_with(prefix) || equals == std::string_view::npos) continue;
    std::string path;
    for (std::string_view rest = entry.substr(prefix.size(), equals - prefix.size());
         !rest.empty();) {
      const bool dot = rest.starts_with("__");
      const char c = rest.front();
      path += dot ? '.' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      rest.remove_prefix(dot ? 2 : 1);
    }
    const bool nested = path.find('.') != std::string::npos;
    if (!nested && std::find(top_level.begin(), top_level.end(), path) == top_level.end()) continue;
    out.push_back(
        {path, std::string{entry.substr(equals + 1)}, std::string{entry.substr(0, equals)}});
  }
  // The environment has no order: make faults and results independent of it.
  std::sort(out.begin(), out.end(),
            [](const Override& a, const Override& b) { return a.origin < b.origin; });
  return out;
}

Result<Override> parse_set(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) {
    return Error{Errc::usage, "--set",
                 "expected KEY=VALUE, such as kafka.group=shop, not '" + std::string{text} + "'"};
  }
  return Override{std::string{text.substr(0, equals)}, std::string{text.substr(equals + 1)},
                  "--set"};
}

Result<ServiceConfig> load_service(const std::string& file, std::span<const Override> overrides) {
  Faults faults{file};
  auto document = read_yaml(file, faults);
  if (!document) return faults.error("service");
  for (const Override& o : overrides) set_at(*document, o.path, o.text, o.origin);
  ServiceConfig out;
  const Value root{*document, "", faults};
  if (auto map = root.map()) read_service(*map, file, out);
  if (!faults.empty()) return faults.error("service");
  return out;
}

}  // namespace fealty::config
