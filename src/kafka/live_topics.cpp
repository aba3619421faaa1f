#include "live_topics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "mend.hpp"
#include "topic_settings.hpp"

namespace fealty::kafka {

namespace {

using NewTopicHandle = std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>>;

struct Wanted {
  std::string topic;
  Use use = Use::input;
  bool as_input = false;  // it must have as many partitions as the input
};

bool compacted(Use use) { return use == Use::snapshots || use == Use::changelog; }

/// Asks whether the topic could be made, and makes none.
Finding could_create(const Client& client, const KafkaOptions& options, const std::string& topic,
                     std::uint32_t partitions, Deadline deadline) {
  Finding out{"create " + topic, Verdict::ok, "missing; `run` makes it", {}};
  std::array<char, 512> reason{};
  const NewTopicHandle wanted{rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(partitions),
                                                    options.replication_factor, reason.data(),
                                                    reason.size())};
  const AdminOptions bounds{
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS)};
  rd_kafka_AdminOptions_set_validate_only(bounds.get(), 1, reason.data(), reason.size());
  rd_kafka_AdminOptions_set_request_timeout(bounds.get(), deadline.left_ms() + 1, reason.data(),
                                            reason.size());
  const QueueHandle queue{rd_kafka_queue_new(client.get())};
  std::array<rd_kafka_NewTopic_t*, 1> list{wanted.get()};
  rd_kafka_CreateTopics(client.get(), list.data(), list.size(), bounds.get(), queue.get());
  const EventHandle event{rd_kafka_queue_poll(queue.get(), deadline.left_ms() + 1000)};
  auto code = event == nullptr ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event.get());
  std::string why = rd_kafka_err2str(code);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    std::size_t count = 0;
    const auto* topics = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event.get()), &count);
    if (count == 1) {
      code = rd_kafka_topic_result_error(topics[0]);
      const char* said = rd_kafka_topic_result_error_string(topics[0]);
      why = said == nullptr ? rd_kafka_err2str(code) : said;
    }
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  out.verdict = Verdict::failed;
  out.code = broker_errc(code);
  out.reason = "missing, and may not be made: " + why;
  const bool right = code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                     code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
  out.mend = right ? acl_command(options, "Create", "--topic", topic)
                   : "check kafka.replication_factor against the number of brokers";
  return out;
}

/// Whether the topic is there and may be seen.
Finding existence(const Client& client, const KafkaOptions& options, const Wanted& wanted,
                  const TopicFacts& facts, std::uint32_t input_partitions, Deadline deadline) {
  const std::string& topic = wanted.topic;
  const Use use = wanted.use;
  Finding out{"topic " + topic,
              Verdict::ok,
              fmt::format("{} partitions, {} replicas", facts.partitions, facts.replicas),
              {}};
  out.code = Errc::broker_refused;
  if (facts.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    out.verdict = Verdict::failed;
    out.reason = rd_kafka_err2str(facts.error);
    out.mend = acl_command(options, "Describe", "--topic", topic);
    return out;
  }
  constexpr std::uint32_t some = 4;
  if (facts.partitions == 0) {
    const std::uint32_t partitions = input_partitions == 0 ? some : input_partitions;
    if (use != Use::input && options.create_topics && input_partitions != 0) {
      return could_create(client, options, topic, partitions, deadline);
    }
    out.verdict = Verdict::failed;
    out.reason = "does not exist";
    out.mend = create_command(options, topic, partitions, compacted(use));
    return out;
  }
  if (wanted.as_input && input_partitions != 0 && facts.partitions != input_partitions) {
    out.verdict = Verdict::failed;
    out.reason = fmt::format("{} partitions, but the input has {}: they must be equal",
                             facts.partitions, input_partitions);
    out.mend = "give another kafka.output_prefix, or make the changelog anew with the input's";
  }
  return out;
}

void policy_of(const KafkaOptions& options, const std::string& topic, Use use,
               const TopicFacts& facts, std::vector<Finding>& out) {
  Finding found{"settings " + topic, Verdict::ok, {}, {}};
  found.code = Errc::broker_refused;
  if (facts.settings_error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    found.verdict = Verdict::warning;
    found.reason = fmt::format(
        "cannot be asked for: {}. cleanup.policy and retention must be "
        "right all the same",
        rd_kafka_err2str(facts.settings_error));
    found.mend = acl_command(options, "DescribeConfigs", "--topic", topic);
    out.push_back(std::move(found));
    return;
  }
  const auto setting = [&](const char* name) {
    const auto at = facts.settings.find(name);
    return at == facts.settings.end() ? std::string{} : at->second;
  };
  const std::string policy = setting("cleanup.policy");
  found.reason = fmt::format("cleanup.policy={}", policy);
  if (use == Use::input) found.reason += fmt::format(" retention.ms={}", setting("retention.ms"));
  if (const auto why = unfit_cleanup(use, policy); !why.empty()) {
    found.verdict = Verdict::failed;
    found.reason += fmt::format(": {}", why);
    found.mend = alter_command(options, topic,
                               compacted(use) ? "cleanup.policy=compact" : "cleanup.policy=delete");
  }
  out.push_back(found);

  const auto in_sync = std::strtoul(setting("min.insync.replicas").c_str(), nullptr, 10);
  found = {"replicas " + topic,
           Verdict::ok,
           fmt::format("{} replicas, min.insync.replicas={}", facts.replicas, in_sync),
           {}};
  found.code = Errc::broker_refused;
  if (in_sync > facts.replicas && use != Use::input) {
    found.verdict = Verdict::failed;
    found.reason += ": no record is ever accepted";
    found.mend = alter_command(options, topic, "min.insync.replicas=1");
  } else if (facts.replicas < 2) {
    found.verdict = Verdict::warning;
    found.reason += ": what one broker loses is lost";
    found.mend = "kafka-reassign-partitions.sh, or make the topic with --replication-factor 3";
  } else if (in_sync < 2) {
    found.verdict = Verdict::warning;
    found.reason += ": a record may be on one broker only when it counts as written";
    found.mend = alter_command(options, topic, "min.insync.replicas=2");
  }
  out.push_back(std::move(found));
}

/// Whether it is one of those that records go to.
bool written_by(const KafkaOptions& options, const std::string& topic) {
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    if (topic_of(static_cast<ports::Stream>(i), options) == topic) return true;
  }
  return false;
}

/// All that this user may see.
Result<std::vector<std::string>> topics_there(const Client& client, const KafkaOptions& options,
                                              Deadline deadline) {
  using MetadataHandle =
      std::unique_ptr<const struct rd_kafka_metadata, Deleter<rd_kafka_metadata_destroy>>;
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(client.get(), 1, nullptr, &raw, deadline.left_ms() + 1);
  const MetadataHandle metadata{raw};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return broker_error(code, "topics of " + options.brokers);
  std::vector<std::string> out;
  for (int i = 0; i < metadata->topic_cnt; ++i) out.emplace_back(metadata->topics[i].topic);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<std::string> inputs_of(const KafkaOptions& options) {
  if (!options.several_inputs()) return {options.input_topic};
  std::vector<std::string> out;
  for (const std::string& topic : options.input_topics) {
    if (!written_by(options, topic)) out.push_back(topic);
  }
  return out;
}

void find_inputs(const Client& client, KafkaOptions& options, const PatternMatches& matches,
                 Deadline deadline, std::vector<Finding>& out) {
  if (options.input_patterns.empty()) return;
  const auto there = topics_there(client, options, deadline);
  for (const std::string& pattern : options.input_patterns) {
    Finding found{"input topics /" + pattern + "/", Verdict::ok, {}, {}};
    if (!there) {
      found = {found.check, Verdict::unchecked, there.error().detail, {}};
      out.push_back(std::move(found));
      continue;
    }
    std::vector<std::string> matched;
    for (const std::string& topic : *there) {
      if (matches(pattern, topic) && !written_by(options, topic)) matched.push_back(topic);
    }
    found.reason = fmt::format("{}", fmt::join(matched, ", "));
    if (matched.empty()) {
      found.verdict = Verdict::warning;
      found.reason = "matches no topic that this user may see; one that is made later is read";
      found.mend = "correct ingest.inputs, or give the right to describe the topics";
    }
    out.push_back(std::move(found));
    auto& inputs = options.input_topics;
    for (std::string& topic : matched) {
      if (std::find(inputs.begin(), inputs.end(), topic) == inputs.end()) {
        inputs.push_back(std::move(topic));
      }
    }
  }
}

Topics check_topics(const Client& client, const KafkaOptions& options, Deadline deadline,
                    std::vector<Finding>& out) {
  std::vector<Wanted> all{{options.input_topic, Use::input}};
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    const ports::StreamSpec& stream = options.streams[i];
    std::string topic = topic_of(static_cast<ports::Stream>(i), options);
    if (topic == options.input_topic) continue;  // where what comes of several inputs goes
    all.push_back(
        {std::move(topic), use_of(stream), stream.placement == ports::Placement::as_input});
  }
  for (const std::string& topic : inputs_of(options)) {
    if (topic != options.input_topic) all.push_back({topic, Use::input});
  }
  std::vector<std::string> names;
  for (const Wanted& one : all) names.push_back(one.topic);
  auto facts = topic_facts(client, names, deadline);
  if (!facts) {
    out.push_back({"topics", Verdict::failed, facts.error().detail, {}, facts.error().code});
    return {};
  }
  const std::uint32_t input = facts->at(options.input_topic).partitions;
  for (const Wanted& one : all) {
    const TopicFacts& about = facts->at(one.topic);
    out.push_back(existence(client, options, one, about, input, deadline));
    if (about.partitions != 0) policy_of(options, one.topic, one.use, about, out);
  }
  return std::move(*facts);
}

}  // namespace fealty::kafka
