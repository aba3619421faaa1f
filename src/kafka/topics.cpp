#include "topics.hpp"

#include <fmt/format.h>

#include <thread>
#include <vector>

#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"
#include "mend.hpp"

namespace fealty::kafka {

namespace {

using MetadataHandle =
    std::unique_ptr<const struct rd_kafka_metadata, Deleter<rd_kafka_metadata_destroy>>;
using NewTopicHandle = std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>>;

constexpr int slice_ms = 200;  // between two looks at refused credentials

Error unreachable(const Client& client, const KafkaOptions& options) {
  const std::string& last = client.last_error();
  return Error{
      Errc::broker_unreachable, "kafka.brokers",
      fmt::format("no answer from {}{}{}", options.brokers, last.empty() ? "" : ": ", last)};
}

Error refused_topic(std::string_view topic, std::string_view why) {
  return Error{Errc::broker_refused, "kafka", fmt::format("topic {} {}", topic, why)};
}

Result<void> created(rd_kafka_event_t* event, const std::string& topic) {
  if (const auto code = rd_kafka_event_error(event); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return broker_error(code, "cannot create topic " + topic);
  }
  std::size_t count = 0;
  const auto* topics =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(topics[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const char* reason = rd_kafka_topic_result_error_string(topics[i]);
    return refused_topic(topic, fmt::format("could not be created: {}",
                                            reason == nullptr ? rd_kafka_err2str(code) : reason));
  }
  return {};
}

Result<void> create(const Client& client, const KafkaOptions& options, ports::Stream stream,
                    std::uint32_t partitions, Deadline deadline) {
  const std::string topic = topic_of(stream, options);
  std::array<char, 512> reason{};
  NewTopicHandle wanted{rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(partitions),
                                              options.replication_factor, reason.data(),
                                              reason.size())};
  if (wanted == nullptr) return refused_topic(topic, reason.data());
  if ((ports::spec_of(options.streams, stream).cleanup == ports::Cleanup::compact)) {
    rd_kafka_NewTopic_set_config(wanted.get(), "cleanup.policy", "compact");
    rd_kafka_NewTopic_set_config(wanted.get(), "max.message.bytes",
                                 std::to_string(record_bytes_max).c_str());
  }
  AdminOptions bounds{rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS)};
  for (const auto set :
       {rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout}) {
    set(bounds.get(), deadline.left_ms() + 1, reason.data(), reason.size());
  }
  QueueHandle queue{rd_kafka_queue_new(client.get())};
  std::array<rd_kafka_NewTopic_t*, 1> list{wanted.get()};
  rd_kafka_CreateTopics(client.get(), list.data(), list.size(), bounds.get(), queue.get());
  EventHandle event{rd_kafka_queue_poll(queue.get(), deadline.left_ms() + 1000)};
  if (event == nullptr) return unreachable(client, options);
  log::info("kafka.topic_created", {{"topic", topic}, {"partitions", partitions}});
  return created(event.get(), topic);
}

// A topic just made shows up in the metadata a little later.
Result<std::uint32_t> await_topic(const Client& client, const KafkaOptions& options,
                                  const std::string& topic, Deadline deadline) {
  while (true) {
    const auto count = partition_count(client, options, topic, deadline);
    if (!count || *count > 0) return count;
    if (deadline.passed()) return refused_topic(topic, "was created but does not appear");
    rd_kafka_poll(client.get(), deadline.left_ms(20));
  }
}

/// 0 where it is not there, nor appears within a second: brokers learn of one just made one after
/// another.
Result<std::uint32_t> input_partitions(const Client& client, const KafkaOptions& options,
                                       const std::string& topic, Deadline deadline) {
  constexpr std::chrono::seconds appears{1};
  const Deadline patience{appears};
  while (true) {
    const auto count = partition_count(client, options, topic, deadline);
    if (!count || *count > 0 || patience.passed() || deadline.passed()) return count;
    rd_kafka_poll(client.get(), deadline.left_ms(20));
  }
}

Result<void> ensure_output(const Client& client, const KafkaOptions& options, ports::Stream stream,
                           std::uint32_t input_partitions, Deadline deadline) {
  const std::string topic = topic_of(stream, options);
  auto count = partition_count(client, options, topic, deadline);
  if (count && *count == 0) {
    if (!options.create_topics) {
      const bool compacted =
          ports::spec_of(options.streams, stream).cleanup == ports::Cleanup::compact;
      return refused_topic(topic, "does not exist. Create it: " +
                                      create_command(options, topic, input_partitions, compacted));
    }
    if (auto done = create(client, options, stream, input_partitions, deadline); !done) {
      return done.error();
    }
    count = await_topic(client, options, topic, deadline);
  }
  if (!count) return count.error();
  if (ports::spec_of(options.streams, stream).placement == ports::Placement::as_input &&
      *count != input_partitions) {
    return refused_topic(topic,
                         fmt::format("has {} partitions, but its input {} has {}: they must be "
                                     "equal. Give another output prefix, or a new changelog",
                                     *count, options.input_topic, input_partitions));
  }
  return {};
}

}  // namespace

bool settling(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
      return true;
    default:
      return false;
  }
}

ports::Stream changelog_stream(const KafkaOptions& options) {
  const std::size_t at = ports::changelog_of(options.streams);
  check(at < options.streams.size(), "a topology on a bus has a changelog");
  return static_cast<ports::Stream>(at);
}

std::string topic_of(ports::Stream stream, const KafkaOptions& options) {
  const std::string_view name = ports::spec_of(options.streams, stream).name;
  for (const auto& [called, topic] : options.output_topics) {
    if (called == name) return topic;
  }
  return options.output_prefix + std::string{name};
}

namespace {

bool unknown(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

Error gone(const std::string& topic, std::uint32_t partition) {
  return Error{Errc::broker_refused, "kafka",
               fmt::format("topic {}[{}] does not exist any more", topic, partition)};
}

}  // namespace

Result<Watermarks> watermarks(const Client& client, const std::string& topic,
                              std::uint32_t partition, Deadline deadline) {
  std::int64_t low = 0, high = 0;
  while (true) {
    const auto code = rd_kafka_query_watermark_offsets(client.get(), topic.c_str(),
                                                       static_cast<std::int32_t>(partition), &low,
                                                       &high, deadline.left_ms(5000) + 1);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Watermarks{static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high)};
    }
    // Not rd_kafka_poll(): an open consumer's records would go through it.
    std::this_thread::sleep_for(std::chrono::milliseconds{deadline.left_ms(10)});
    if (deadline.passed() || !(settling(code) || broker_errc(code) == Errc::broker_unreachable)) {
      if (unknown(code)) return gone(topic, partition);
      return broker_error(code, fmt::format("offsets of {}[{}]", topic, partition));
    }
  }
}

Result<std::uint32_t> partition_count(const Client& client, const KafkaOptions& options,
                                      const std::string& topic, Deadline deadline) {
  TopicHandle handle{rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)};
  if (handle == nullptr) return refused_topic(topic, "is no topic name");
  while (true) {
    const struct rd_kafka_metadata* raw = nullptr;
    const auto code =
        rd_kafka_metadata(client.get(), 0, handle.get(), &raw, deadline.left_ms(slice_ms) + 1);
    const MetadataHandle metadata{raw};
    rd_kafka_poll(client.get(), 0);  // error_cb
    if (!client.refusal().empty()) {
      return Error{Errc::broker_refused, "kafka", client.refusal()};
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
      const auto& answer = metadata->topics[0];
      switch (answer.err) {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
          return static_cast<std::uint32_t>(answer.partition_cnt);
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
          return std::uint32_t{0};
        case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
          break;
        default:
          return broker_error(answer.err, "topic " + topic);
      }
    } else if (code != RD_KAFKA_RESP_ERR_NO_ERROR &&
               broker_errc(code) != Errc::broker_unreachable) {
      return broker_error(code, "topic " + topic);
    }
    if (deadline.passed()) return unreachable(client, options);
  }
}

Result<void> there_at_all(const Client& client, const KafkaOptions& options,
                          const std::string& topic, std::uint32_t partition) {
  constexpr std::chrono::milliseconds bound{2000};
  const auto count = partition_count(client, options, topic, Deadline{bound});
  if (count ? *count > partition : count.error().code == Errc::broker_unreachable) return {};
  if (!count) return count.error();
  return gone(topic, partition);
}

Result<std::uint32_t> ensure_topics(const Client& client, const KafkaOptions& options,
                                    Deadline deadline) {
  const auto input = input_partitions(client, options, options.input_topic, deadline);
  if (!input) return input.error();
  if (*input == 0) {
    return refused_topic(options.input_topic,
                         "does not exist. Create it, or correct input_topic: " +
                             create_command(options, options.input_topic, 4, false));
  }
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    const auto done =
        ensure_output(client, options, static_cast<ports::Stream>(i), *input, deadline);
    if (!done) return done.error();
  }
  // What was written before may be read again, so these come last.
  for (const std::string& topic : options.input_topics) {
    const auto count = input_partitions(client, options, topic, deadline);
    if (!count) return count.error();
    if (*count == 0) {
      return refused_topic(topic, "does not exist. Create it, or correct ingest.inputs: " +
                                      create_command(options, topic, 4, false));
    }
  }
  return *input;
}

}  // namespace fealty::kafka
