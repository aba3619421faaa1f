#include "fealty/kafka/topic_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "client.hpp"
#include "input_record.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

constexpr int slice_ms = 100;  // between two looks at who wants to stop
constexpr std::uint32_t queue_kib_max = 64 * 1024;

/// librdkafka goes on by itself after what may pass; a topic that is not there does not.
bool may_pass(rd_kafka_resp_err_t code) {
  return !refusal(code) && (settling(code) || broker_errc(code) == Errc::broker_unreachable);
}

}  // namespace

struct TopicReader::Impl {
  explicit Impl(KafkaOptions given) : options{std::move(given)} {}

  Result<void> start(const std::string& topic, std::uint32_t partition, ports::Offset from);
  Error gap(const std::string& topic, std::uint32_t partition, ports::Offset next);

  struct Pass {
    const std::string& topic;
    const std::uint32_t partition;
    ports::Offset next;
    const ports::Offset to;
    const Visit& visit;
    Arena arena{};
  };
  Result<void> take(const rd_kafka_message_t& message, Pass& pass);

  const KafkaOptions options;
  std::shared_ptr<Client> records, ends, group;
};

TopicReader::TopicReader(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
TopicReader::~TopicReader() = default;

Result<std::unique_ptr<TopicReader>> TopicReader::make(const KafkaOptions& options) {
  if (auto valid = validate(options); !valid) return valid.error();
  auto impl = std::make_unique<Impl>(options);
  Properties properties = reader_properties(impl->options);
  properties.emplace_back("queued.max.messages.kbytes",
                          std::to_string(std::min(options.fetch_queue_kib_max, queue_kib_max)));
  auto records = Client::make(RD_KAFKA_CONSUMER, impl->options, properties, {});
  if (!records) return records.error();
  impl->records = *records;
  rd_kafka_poll_set_consumer(impl->records->get());
  properties.emplace_back("isolation.level", "read_uncommitted");
  auto ends = Client::make(RD_KAFKA_CONSUMER, impl->options, properties, {});
  if (!ends) return ends.error();
  impl->ends = *ends;
  properties.emplace_back("group.id", options.group);
  auto group = Client::make(RD_KAFKA_CONSUMER, impl->options, properties, {});
  if (!group) return group.error();
  impl->group = *group;
  return std::unique_ptr<TopicReader>{new TopicReader{std::move(impl)}};
}

Result<std::uint32_t> TopicReader::partitions(const std::string& topic) {
  const auto count =
      partition_count(*impl_->ends, impl_->options, topic, Deadline{impl_->options.start_timeout});
  if (!count || *count > 0) return count;
  return Error{Errc::broker_refused, "kafka", fmt::format("topic {} does not exist", topic)};
}

Result<TopicReader::Held> TopicReader::held(const std::string& topic, std::uint32_t partition) {
  const Deadline deadline{impl_->options.start_timeout};
  const auto stable = watermarks(*impl_->records, topic, partition, deadline);
  if (!stable) return stable.error();
  const auto all = watermarks(*impl_->ends, topic, partition, deadline);
  if (!all) return all.error();
  return Held{all->low, stable->high, std::max(all->high, stable->high)};
}

Result<std::optional<ports::Offset>> TopicReader::offset_of_time(const std::string& topic,
                                                                 std::uint32_t partition,
                                                                 std::int64_t time_ms) {
  const PartitionList asked{rd_kafka_topic_partition_list_new(1)};
  auto* const entry = rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(),
                                                        static_cast<std::int32_t>(partition));
  entry->offset = time_ms;
  const Deadline deadline{impl_->options.start_timeout};
  const auto code =
      rd_kafka_offsets_for_times(impl_->records->get(), asked.get(), deadline.left_ms() + 1);
  const auto failed = code == RD_KAFKA_RESP_ERR_NO_ERROR ? entry->err : code;
  if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return broker_error(failed, fmt::format("times of {}[{}]", topic, partition));
  }
  std::optional<ports::Offset> found;
  if (entry->offset >= 0) found = static_cast<ports::Offset>(entry->offset);
  return found;
}

Result<std::optional<ports::Offset>> TopicReader::committed(const std::string& topic,
                                                            std::uint32_t partition) {
  const PartitionList asked{rd_kafka_topic_partition_list_new(1)};
  auto* const entry = rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(),
                                                        static_cast<std::int32_t>(partition));
  const Deadline deadline{impl_->options.start_timeout};
  const auto code = rd_kafka_committed(impl_->group->get(), asked.get(), deadline.left_ms() + 1);
  const auto failed = code == RD_KAFKA_RESP_ERR_NO_ERROR ? entry->err : code;
  if (failed != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return broker_error(failed, "offsets of group " + impl_->options.group);
  }
  std::optional<ports::Offset> found;
  if (entry->offset >= 0) found = static_cast<ports::Offset>(entry->offset);
  return found;
}

Result<void> TopicReader::Impl::start(const std::string& topic, std::uint32_t partition,
                                      ports::Offset from) {
  const PartitionList wanted{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(wanted.get(), topic.c_str(),
                                    static_cast<std::int32_t>(partition))
      ->offset = static_cast<std::int64_t>(from);
  const auto code = rd_kafka_assign(records->get(), wanted.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return broker_error(code, "topic " + topic);
  return {};
}

Error TopicReader::Impl::gap(const std::string& topic, std::uint32_t partition,
                             ports::Offset next) {
  const auto now = watermarks(*ends, topic, partition, Deadline{options.start_timeout});
  if (!now) return now.error();
  return Error{Errc::input_gap, "kafka",
               fmt::format("{}[{}] holds {} to {}, and {} was to be read: retention has removed it "
                           "meanwhile, or the topic was made anew",
                           topic, partition, now->low, now->high, next)};
}

Result<void> TopicReader::Impl::take(const rd_kafka_message_t& message, Pass& pass) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      break;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      pass.next = std::max(pass.next, static_cast<ports::Offset>(message.offset));
      return {};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      return gap(pass.topic, pass.partition, pass.next);
    default:
      if (may_pass(message.err)) return {};
      return broker_error(message.err, "topic " + pass.topic);
  }
  const auto offset = static_cast<ports::Offset>(message.offset);
  if (offset < pass.next) return {};
  pass.next = offset + 1;
  if (offset >= pass.to) return {};
  pass.arena.reset();
  return pass.visit(record_of(message, pass.partition, pass.arena));
}

Result<bool> TopicReader::read(const std::string& topic, std::uint32_t partition,
                               ports::Offset from, ports::Offset to, const Visit& visit,
                               const std::atomic<bool>& stop) {
  if (from >= to) return true;
  Impl& my = *impl_;
  if (auto started = my.start(topic, partition, from); !started) return started.error();
  Impl::Pass pass{.topic = topic, .partition = partition, .next = from, .to = to, .visit = visit};
  // A transaction that is open for longer the brokers have aborted.
  const auto patience = my.options.start_timeout + my.options.transaction_timeout;
  auto moved_at = std::chrono::steady_clock::now();
  auto asked_at = moved_at;
  Result<void> outcome;
  while (outcome && pass.next < to && !stop.load(std::memory_order_relaxed)) {
    const auto before = pass.next;
    const MessageHandle message{rd_kafka_consumer_poll(my.records->get(), slice_ms)};
    if (message != nullptr) outcome = my.take(*message, pass);
    const auto now = std::chrono::steady_clock::now();
    if (pass.next != before) moved_at = asked_at = now;
    if (outcome && now - asked_at > my.options.start_timeout) {
      asked_at = now;
      outcome = there_at_all(*my.ends, my.options, topic, partition);
    }
    const auto idle = now - moved_at;
    const bool away = my.records->away() && idle > my.options.start_timeout;
    if (outcome && (away || idle > patience)) {
      outcome = Error{Errc::broker_unreachable, "kafka",
                      fmt::format("stuck at {} of {}[{}]", pass.next, topic, partition)};
    }
  }
  rd_kafka_assign(my.records->get(), nullptr);
  if (!outcome) return outcome.error();
  return pass.next >= to;
}

}  // namespace fealty::kafka
