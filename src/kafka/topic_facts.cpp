#include "topic_facts.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "topic_question.hpp"

namespace fealty::kafka {

namespace {

using MetadataHandle =
    std::unique_ptr<const struct rd_kafka_metadata, Deleter<rd_kafka_metadata_destroy>>;

Result<TopicFacts> place_of(const Client& client, const std::string& topic, Deadline deadline) {
  const TopicHandle handle{rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)};
  TopicFacts out;
  while (true) {
    const struct rd_kafka_metadata* raw = nullptr;
    constexpr int slice_ms = 2000;
    const auto code =
        rd_kafka_metadata(client.get(), 0, handle.get(), &raw, deadline.left_ms(slice_ms) + 1);
    const MetadataHandle metadata{raw};
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
      const auto& answer = metadata->topics[0];
      if (answer.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return out;
      out.error = answer.err;
      out.partitions = static_cast<std::uint32_t>(answer.partition_cnt);
      for (int i = 0; i < answer.partition_cnt; ++i) {
        const auto replicas = static_cast<std::uint32_t>(answer.partitions[i].replica_cnt);
        out.replicas = i == 0 ? replicas : std::min(out.replicas, replicas);
      }
      if (out.error != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) return out;
    }
    if (deadline.passed()) return broker_error(RD_KAFKA_RESP_ERR__TIMED_OUT, "topic " + topic);
    rd_kafka_poll(client.get(), deadline.left_ms(20));
  }
}

void read_settings(const rd_kafka_ConfigResource_t* resource, TopicFacts& out) {
  out.settings_error = rd_kafka_ConfigResource_error(resource);
  std::size_t count = 0;
  const auto** entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    out.settings[rd_kafka_ConfigEntry_name(entries[i])] = value == nullptr ? "" : value;
  }
}

void read_settings(const Client& client, std::map<std::string, TopicFacts>& facts,
                   Deadline deadline) {
  std::vector<std::string> wanted;
  for (const auto& [topic, about] : facts) {
    if (about.partitions != 0) wanted.push_back(topic);
  }
  if (wanted.empty()) return;
  const EventHandle event = describe_topics(client, wanted, deadline);
  const auto code =
      event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event.get());
  for (auto& [topic, about] : facts) about.settings_error = code;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  std::size_t count = 0;
  const auto** resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = facts.find(rd_kafka_ConfigResource_name(resources[i]));
    if (found != facts.end()) read_settings(resources[i], found->second);
  }
}

}  // namespace

Result<std::map<std::string, TopicFacts>> topic_facts(const Client& client,
                                                      const std::vector<std::string>& topics,
                                                      Deadline deadline) {
  std::map<std::string, TopicFacts> out;
  for (const std::string& topic : topics) {
    auto found = place_of(client, topic, deadline);
    if (!found) return found.error();
    out[topic] = std::move(*found);
  }
  read_settings(client, out, deadline);
  return out;
}

}  // namespace fealty::kafka
