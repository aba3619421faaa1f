#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "fealty/config/service.hpp"
#include "fealty/config/yaml.hpp"
#include "ingest_section.hpp"
#include "service_sections.hpp"

namespace fealty::config {
namespace {

constexpr std::array<std::string_view, 2> starts{"earliest", "latest"};
constexpr std::array<std::string_view, 2> key_checks{"deadletter", "count"};
constexpr std::array<std::string_view, 2> on_damage{"stop", "rebuild"};
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 15> top_level{
    "program", "mapping",    "state", "cache",       "kafka", "workers", "standbys", "members",
    "commit",  "checkpoint", "clock", "health_file", "log",   "run",     "reads"};

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

/// What Kafka accepts as a topic name, or a part of one.
void take_topic(Map& map, std::string_view key, std::string& into) {
  const auto value = map.get(key);
  if (!value) return;
  const auto text = value->text();
  if (!text) return;
  if (!is_topic_name(*text)) {
    value->fault(topic_name_rule);
    return;
  }
  into = *text;
}

void read_kafka(Map& kafka, const std::string& file, const PropertyRules& rules, KafkaConfig& out) {
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
  take_integer(kafka, "wait_for_broker_s", wait_for_ever, 86'400 * 365, out.wait_for_broker_s);
  take(kafka.boolean("wait_at_start"), out.wait_at_start);
  if (auto security = kafka.map("security")) read_security(*security, file, out.security);
  if (auto properties = kafka.map("properties")) {
    read_properties(*properties, file, rules, out.properties);
  }
  kafka.finish();
}

void read_members(Map& members, MembersConfig& out) {
  if (const auto within = members.get("publish_within")) {
    const auto& node = within->node();
    if (node.text == "off") {
      out.publish_within_ms.reset();
    } else if (const auto time =
                   within->duration(std::chrono::milliseconds{0}, std::chrono::hours{24})) {
      out.publish_within_ms = static_cast<std::uint32_t>(time->count());
    }
  }
  members.finish();
}

void read_limits(Map& root, ServiceConfig& out) {
  constexpr std::uint64_t memory_bytes_min = 16 << 20;
  if (auto memory = root.map("memory")) {
    take_bytes(*memory, "budget", memory_bytes_min, out.memory_bytes);
    memory->finish();
  }
  if (auto members = root.map("members")) {
    read_members(*members, out.members);
  }
  if (auto checkpoint = root.map("checkpoint")) {
    take(checkpoint->number("recovery_target_s", 0, 86'400), out.checkpoint.recovery_target_s);
    take_integer(*checkpoint, "distance_events", 1, 1'000'000'000'000,
                 out.checkpoint.distance_events);
    take_integer(*checkpoint, "distance_s", 1, 86'400 * 7, out.checkpoint.distance_s);
    checkpoint->finish();
  }
  if (auto commit = root.map("commit")) {
    take_integer(*commit, "interval_ms", 1, 60'000, out.commit.interval_ms);
    take_integer(*commit, "events_max", 1, 10'000'000, out.commit.events_max);
    take_integer(*commit, "aborts_max", 1, 1'000'000, out.commit.aborts_max);
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

void read_topologies(Map& root, const std::string& file, ServiceConfig& out) {
  if (auto ingest = root.map("ingest")) {
    read_ingest(*ingest,
                {out.kafka.input_topic, out.kafka.output_prefix,
                 [&file](Map& map, std::string& into) { read_mapping(map, file, into); }},
                out.ingest);
    out.run.ingest = true;
    if (out.mapping != "cloudevents") {
      root.get("mapping")->fault(
          "ingest writes CloudEvents, and members read them: leave it out here, it belongs to "
          "ingest.inputs");
    }
  }
  read_runs(root, out.run);
}

void read_service(Map& root, const std::string& file, const PropertyRules& rules,
                  ServiceConfig& out) {
  if (root.require("program")) take_path(root, "program", file, out.program);
  read_mapping(root, file, out.mapping);
  if (const auto value = root.require("state")) {
    if (auto state = value->map()) {
      if (state->require("dir")) take_path(*state, "dir", file, out.state_dir);
      take_choice(*state, "on_damage", on_damage, out.on_damage);
      state->finish();
    }
  }
  if (const auto value = root.require("kafka")) {
    if (auto kafka = value->map()) read_kafka(*kafka, file, rules, out.kafka);
  }
  take_integer(root, "workers", 1, workers_max, out.workers);
  take_integer(root, "standbys", 0, standbys_max, out.standbys);
  read_topologies(root, file, out);
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

bool is_service_key(std::string_view key) {
  // `program` and `mapping` may stand in other files too; these may not.
  return key == "kafka" || key == "ingest" || key == "state" || key == "commit" ||
         key == "checkpoint" || key == "health_file" || key == "reads";
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

Result<ServiceConfig> load_service(const std::string& file, std::span<const Override> overrides,
                                   const PropertyRules& rules) {
  Faults faults{file};
  auto document = read_yaml(file, faults);
  if (!document) return faults.error("service");
  for (const Override& o : overrides) lay_over(*document, o);
  ServiceConfig out;
  const Value root{*document, "", faults};
  if (auto map = root.map()) read_service(*map, file, rules, out);
  if (!faults.empty()) return faults.error("service");
  return out;
}

}  // namespace fealty::config
