#include "fealty/config/ingest.hpp"

#include <regex.h>

#include <algorithm>
#include <array>
#include <memory>

#include "ingest_section.hpp"

namespace fealty::config {
namespace {

constexpr std::chrono::milliseconds wait_min = std::chrono::seconds{1};
constexpr std::chrono::milliseconds wait_max = std::chrono::hours{24 * 400};
constexpr std::chrono::milliseconds discover_min = std::chrono::seconds{1};
constexpr std::chrono::milliseconds discover_max = std::chrono::hours{1};

/// A pattern of POSIX's extended kind, as the Kafka client has them, that matches whole names.
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    const std::string whole = "^(" + text + ")$";
    code_ = ::regcomp(&compiled_, whole.c_str(), REG_EXTENDED | REG_NOSUB);
  }
  ~Pattern() {
    if (code_ == 0) ::regfree(&compiled_);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  /// Empty where it is one.
  [[nodiscard]] std::string fault() const {
    if (code_ == 0) return {};
    char text[256];
    ::regerror(code_, &compiled_, text, sizeof text);
    return text;
  }
  [[nodiscard]] bool matches(std::string_view name) const {
    return code_ == 0 && ::regexec(&compiled_, std::string{name}.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t compiled_{};
  int code_ = 0;
};

/// Topics that no input may be: what is written here, and Kafka's own.
std::vector<std::string> barred(const IngestRoom& room) {
  std::vector<std::string> out{room.canonical, "__consumer_offsets", "__transaction_state"};
  for (const auto stream : written_streams()) out.push_back(room.prefix + std::string{stream});
  return out;
}

void check_names(const Value& value, const IngestInput& input, const IngestRoom& room) {
  for (const std::string& topic : barred(room)) {
    if (!input.reads(topic)) continue;
    const std::string what = topic == room.canonical   ? "kafka.input_topic, which ingest writes"
                             : topic.starts_with("__") ? "Kafka's own"
                                                       : "written here";
    value.fault(input.pattern.empty() ? "'" + topic + "' is " + what + ": it can't be an input"
                                      : "the pattern also matches '" + topic + "', which is " +
                                            what + ": make it narrower");
  }
}

void check_twice(const Value& value, const IngestInput& input,
                 const std::vector<IngestInput>& earlier) {
  for (std::size_t i = 0; i < input.topics.size(); ++i) {
    const std::string& topic = input.topics[i];
    const auto end = input.topics.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(input.topics.begin(), end, topic) != end)
      value.fault("names '" + topic + "' twice");
    for (const IngestInput& other : earlier) {
      if (other.reads(topic)) value.fault("'" + topic + "' belongs to an input above, too");
    }
  }
  for (const IngestInput& other : earlier) {
    for (const std::string& topic : other.topics) {
      if (!input.pattern.empty() && input.reads(topic)) {
        value.fault("the pattern also matches '" + topic + "', which belongs to an input above");
      }
    }
    if (!input.pattern.empty() && input.pattern == other.pattern) {
      value.fault("the pattern is that of an input above");
    }
  }
}

void read_topics(Map& map, IngestInput& out) {
  const auto topic = map.get("topic"), topics = map.get("topics"), pattern = map.get("pattern");
  const int given = int{topic.has_value()} + int{topics.has_value()} + int{pattern.has_value()};
  if (given != 1) {
    map.fault(given == 0 ? "needs one of topic, topics, pattern"
                         : "topic, topics and pattern exclude one another");
    return;
  }
  if (pattern) {
    out.pattern = pattern->text().value_or("");
    const std::string fault = Pattern{out.pattern}.fault();
    if (!fault.empty()) pattern->fault("no POSIX extended regular expression: " + fault);
    return;
  }
  const Value& value = topic ? *topic : *topics;
  if (topics && topics->list().empty()) value.fault("names no topic");
  out.topics = topic ? std::vector{topic->text().value_or("")} : topics->texts();
  for (const std::string& name : out.topics) {
    if (!is_topic_name(name)) value.fault(std::string{topic_name_rule});
  }
}

}  // namespace

bool IngestInput::reads(std::string_view topic) const {
  if (!pattern.empty()) return Pattern{pattern}.matches(topic);
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

Result<std::size_t> input_of(const IngestConfig& ingest, std::string_view topic) {
  std::size_t found = ingest.inputs.size();
  for (std::size_t i = 0; i < ingest.inputs.size(); ++i) {
    if (!ingest.inputs[i].reads(topic)) continue;
    if (found != ingest.inputs.size()) {
      return Error{Errc::invalid_config, "ingest.inputs",
                   "fealty: invalid_config: ingest.inputs: topic " + std::string{topic} +
                       " belongs to two of them, [" + std::to_string(found) + "] and [" +
                       std::to_string(i) + "]: make a pattern narrower"};
    }
    found = i;
  }
  if (found == ingest.inputs.size()) {
    return Error{
        Errc::invalid_config, "ingest.inputs",
        "fealty: invalid_config: ingest.inputs: none of them reads topic " + std::string{topic}};
  }
  return found;
}

const std::vector<std::string_view>& written_streams() {
  static const std::vector<std::string_view> names{"notices",   "ledger", "members", "deadletters",
                                                   "changelog", "orders", "waiting"};
  return names;
}

bool is_topic_name(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

void read_runs(Map& root, Runs& out) {
  constexpr std::array<std::string_view, 2> topologies{"ingest", "members"};
  const auto value = root.get("run");
  if (!value) return;
  const bool has_ingest = out.ingest;
  out = {.ingest = false, .members = false};
  for (const std::string& text : value->texts()) {
    if (text == topologies[0]) {
      out.ingest = true;
    } else if (text == topologies[1]) {
      out.members = true;
    } else {
      value->fault("'" + text + "' is none of ingest, members" + suggestion(text, topologies));
      return;
    }
  }
  if (!out.ingest && !out.members) value->fault("expected ingest, members, or both");
  if (out.ingest && !has_ingest) value->fault("there is no section ingest");
}

void read_ingest(Map& ingest, const IngestRoom& room, IngestConfig& out) {
  const auto wait = ingest.duration("wait", wait_min, wait_max);
  if (wait) out.wait = *wait;
  const auto discover = ingest.duration("discover", discover_min, discover_max);
  if (discover) out.discover = *discover;
  const auto workers = ingest.integer("workers", 1, workers_max);
  if (workers) out.workers = static_cast<std::uint32_t>(*workers);
  const auto inputs = ingest.require("inputs");
  const auto list = inputs ? inputs->list() : std::vector<Value>{};
  if (inputs && inputs->node().kind == Node::Kind::list && list.empty()) {
    inputs->fault("needs at least one input");
  }
  for (const Value& value : list) {
    auto map = value.map();
    if (!map) continue;
    IngestInput input;
    read_topics(*map, input);
    if (map->require("mapping")) room.take_mapping(*map, input.mapping);
    map->finish();
    check_names(value, input, room);
    check_twice(value, input, out.inputs);
    out.inputs.push_back(std::move(input));
  }
  ingest.finish();
}

}  // namespace fealty::config
