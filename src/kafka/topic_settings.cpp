#include "topic_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "fealty/log/log.hpp"
#include "mend.hpp"
#include "topic_question.hpp"

namespace fealty::kafka {

namespace {

constexpr std::string_view policy = "cleanup.policy";

bool lists(std::string_view policies, std::string_view wanted) {
  while (!policies.empty()) {
    const auto comma = std::min(policies.find(','), policies.size());
    auto one = policies.substr(0, comma);
    policies.remove_prefix(std::min(comma + 1, policies.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == wanted) return true;
  }
  return false;
}

bool compacted(Use use) { return use == Use::snapshots || use == Use::changelog; }

struct Topic {
  std::string name;
  Use use = Use::input;
};

std::vector<Topic> all_topics(const KafkaOptions& options) {
  std::vector<Topic> out{{options.input_topic, Use::input}};
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    std::string topic = topic_of(static_cast<ports::Stream>(i), options);
    if (topic == options.input_topic) continue;  // where what comes of several inputs goes
    out.push_back({std::move(topic), use_of(options.streams[i])});
  }
  return out;
}

std::string setting(const rd_kafka_ConfigResource_t* resource, std::string_view name) {
  std::size_t count = 0;
  const auto** entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigEntry_name(entries[i]) != name) continue;
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    return value == nullptr ? std::string{} : std::string{value};
  }
  return {};
}

/// Collects the faults, and what could not be asked.
struct Findings {
  std::string faults;
  std::string unknown;
  rd_kafka_resp_err_t again = RD_KAFKA_RESP_ERR_NO_ERROR;  // a topic just made: ask later

  void look_at(const rd_kafka_ConfigResource_t* resource, const Topic& topic,
               const KafkaOptions& options) {
    const auto code = rd_kafka_ConfigResource_error(resource);
    if (settling(code) || broker_errc(code) == Errc::broker_unreachable) {
      again = code;
      return;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      unknown.append(unknown.empty() ? "" : ", ").append(topic.name);
      return;
    }
    const std::string found = setting(resource, policy);
    if (topic.use == Use::input) {
      log::info("kafka.input_topic", {{"topic", topic.name},
                                      {"cleanup_policy", found},
                                      {"retention_ms", setting(resource, "retention.ms")},
                                      {"retention_bytes", setting(resource, "retention.bytes")}});
    }
    const auto why = unfit_cleanup(topic.use, found);
    if (why.empty()) return;
    faults.append(faults.empty() ? "" : "; ")
        .append(fmt::format("topic {} has {}={}: {}. Set it: {}", topic.name, policy, found, why,
                            alter_command(options, topic.name,
                                          compacted(topic.use) ? "cleanup.policy=compact"
                                                               : "cleanup.policy=delete")));
  }
};

Findings look_at_all(rd_kafka_event_t* event, const std::vector<Topic>& topics,
                     const KafkaOptions& options) {
  Findings out;
  std::size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto topic = std::find_if(topics.begin(), topics.end(), [&](const Topic& one) {
      return one.name == rd_kafka_ConfigResource_name(resources[i]);
    });
    if (topic != topics.end()) out.look_at(resources[i], *topic, options);
  }
  return out;
}

}  // namespace

Use use_of(const ports::StreamSpec& stream) {
  if (stream.placement != ports::Placement::by_key) return Use::changelog;
  return stream.cleanup == ports::Cleanup::compact ? Use::snapshots : Use::output;
}

std::string_view unfit_cleanup(Use use, std::string_view cleanup_policy) {
  const bool compact = lists(cleanup_policy, "compact");
  const bool by_age = lists(cleanup_policy, "delete");
  switch (use) {
    case Use::input:
      return compact ? "a recovery reads events again, and compaction leaves a member's last only"
                     : "";
    case Use::output:
      return compact
                 ? "its records are keyed by member, and compaction leaves the last of each only"
                 : "";
    case Use::snapshots:
      return compact
                 ? ""
                 : "it holds the last state of each key, which goes where nothing happens to it";
    case Use::changelog:
      if (by_age) return "it is read back whole, and `delete` takes what is idle";
      return compact ? "" : "it is read back whole, and it grows for ever";
  }
  return "";
}

Result<void> check_topic_settings(const Client& client, const KafkaOptions& options,
                                  Deadline deadline) {
  const std::vector<Topic> topics = all_topics(options);
  std::vector<std::string> names;
  for (const Topic& topic : topics) names.push_back(topic.name);
  while (true) {
    const EventHandle event = describe_topics(client, names, deadline);
    const auto code =
        event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event.get());
    Findings found;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      found = look_at_all(event.get(), topics, options);
    } else if (broker_errc(code) == Errc::broker_unreachable) {
      found.again = code;
    } else {
      found.unknown = rd_kafka_err2str(code);
    }
    if (!found.faults.empty()) return Error{Errc::broker_refused, "kafka", found.faults};
    if (found.again == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (!found.unknown.empty()) {
        log::warn("kafka.topics_unchecked",
                  {{"topics", found.unknown},
                   {"reason",
                    "no right to DESCRIBE_CONFIGS: cleanup.policy and retention must be "
                    "right all the same"}});
      }
      return {};
    }
    if (deadline.passed()) return broker_error(found.again, "settings of the topics");
    std::this_thread::sleep_for(std::chrono::milliseconds{deadline.left_ms(50)});
  }
}

}  // namespace fealty::kafka
