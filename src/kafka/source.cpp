#include "source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"
#include "input_record.hpp"
#include "membership.hpp"
#include "teardown.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

constexpr int slice_ms = 50;  // between two looks at the group

/// What librdkafka subscribes to: a name, or a pattern that begins with ^.
std::vector<std::string> subscription(const KafkaOptions& options) {
  if (!options.several_inputs()) return {options.input_topic};
  std::vector<std::string> out = options.input_topics;
  for (const std::string& pattern : options.input_patterns) out.push_back("^(" + pattern + ")$");
  return out;
}

}  // namespace

Result<std::unique_ptr<KafkaSource>> KafkaSource::make(const KafkaOptions& options,
                                                       InputTable& inputs) {
  std::unique_ptr<KafkaSource> out{new KafkaSource{options, inputs}};
  Client::Hooks hooks;
  hooks.rebalance = [self = out.get()](auto code, auto* partitions) {
    self->note_rebalance(code, partitions);
  };
  auto client =
      Client::make(RD_KAFKA_CONSUMER, options, source_properties(options), std::move(hooks));
  if (!client) return client.error();
  out->client_ = *client;
  return out;
}

KafkaSource::~KafkaSource() {
  if (client_ == nullptr || listener_ == nullptr) return;
  // Nobody is left to tell of a rebalance; and this may be gone before an answer has ended.
  client_->on_rebalance_from_now([rk = client_->get()](auto code, auto*) {
    answer_closing(rk, code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
  });
  std::vector<bool> unanswered;
  for (const auto& rebalance : pending_) unanswered.push_back(rebalance.assign);
  close_within(teardown_max, client_->get(), std::move(unanswered), client_);
  // librdkafka before 2.3 aborts the process where a member is destroyed between its first answer
  // from the group and its first assignment (its issue 4312).
  constexpr int mended_in = 0x02030000;
  if (!ever_assigned_ && rd_kafka_version() < mended_in) leave_to_the_end(client_);
  records_.reset();
}

Result<void> KafkaSource::open(ports::AssignmentListener& listener) {
  check(listener_ == nullptr, "a source is opened once");
  listener_ = &listener;
  rd_kafka_poll_set_consumer(client_->get());
  records_.reset(rd_kafka_queue_new(client_->get()));
  const PartitionList topics{rd_kafka_topic_partition_list_new(1)};
  for (const std::string& topic : subscription(options_)) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const auto code = rd_kafka_subscribe(client_->get(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return broker_error(code, "subscribe");
  return {};
}

Result<ports::Polled> KafkaSource::poll(ports::InputBatch& batch, std::size_t records_max,
                                        std::chrono::milliseconds timeout) {
  check(listener_ != nullptr, "open() comes before poll()");
  batch.clear();
  const Deadline deadline{timeout};
  do {
    // Where no records can come, only the group has something to say.
    const bool group_only = records_max == 0 || fetching_ == 0;
    const int slice = deadline.left_ms(slice_ms);
    auto outcome = answer_group(std::chrono::milliseconds{group_only ? slice : 0});
    if (outcome && !group_only) outcome = fetch(batch, records_max, slice);
    if (outcome && batch.records.empty()) outcome = sound();
    if (!outcome) return outcome.error();
  } while (batch.records.empty() && !deadline.passed());
  return batch.records.empty() ? ports::Polled::idle : ports::Polled::records;
}

/// Serves librdkafka's callbacks and handles the rebalances that they noted.
Result<void> KafkaSource::answer_group(std::chrono::milliseconds timeout) {
  int timeout_ms = pending_.empty() ? static_cast<int>(timeout.count()) : 0;
  Result<void> outcome;
  while (outcome) {
    const MessageHandle message{rd_kafka_consumer_poll(client_->get(), timeout_ms)};
    if (message == nullptr) break;
    timeout_ms = 0;
    check(message->err != RD_KAFKA_RESP_ERR_NO_ERROR, "records have a queue of their own");
    outcome = not_a_record(*message);
  }
  if (const auto handled = handle_rebalances(); outcome) outcome = handled;
  if (outcome) outcome = announce();
  if (outcome && client_->away()) look_for_brokers();
  if (outcome && client_->topic_unknown()) outcome = look_for_topic();
  return outcome;
}

/// librdkafka goes on asking for records of a topic that is gone, and says so once a second. What
/// the brokers say in the middle of a change of leaders is not believed at once.
Result<void> KafkaSource::look_for_topic() {
  constexpr std::chrono::milliseconds bound{500};
  constexpr std::chrono::seconds believed_after{5};
  if (inputs_.several()) return {};  // no_topic() hears of those.
  const auto count = partition_count(*client_, options_, options_.input_topic, Deadline{bound});
  if (!count && count.error().code == Errc::broker_refused) return count.error();
  const auto now = std::chrono::steady_clock::now();
  if (!count || *count > 0) {
    missing_since_ = {};
    return {};
  }
  if (missing_since_ == std::chrono::steady_clock::time_point{}) missing_since_ = now;
  if (now - missing_since_ < believed_after) return {};
  return Error{
      Errc::broker_refused, "kafka.input_topic",
      fmt::format("topic {} does not exist any more. Its offsets and the state go with it: "
                  "start over with another group and an empty state directory, or give "
                  "the topic back",
                  options_.input_topic)};
}

/// Nobody says that they are back: ask, now and then.
void KafkaSource::look_for_brokers() {
  constexpr std::chrono::seconds between{1};
  constexpr int bound_ms = 500;
  const auto now = std::chrono::steady_clock::now();
  if (now < look_at_) return;
  look_at_ = now + between;
  if (!answers(*client_, bound_ms)) return;
  client_->found();
  log::info("kafka.brokers_back", {{"brokers", options_.brokers}});
}

/// Blocks for the first record only: librdkafka's batch call would wait until the whole batch is
/// full.
Result<void> KafkaSource::fetch(ports::InputBatch& batch, std::size_t records_max, int timeout_ms) {
  fetched_.resize(records_max);
  const auto consume = [&](std::size_t at, std::size_t count, int wait_ms) {
    const auto got =
        rd_kafka_consume_batch_queue(records_.get(), wait_ms, fetched_.data() + at, count);
    return got > 0 ? static_cast<std::size_t>(got) : std::size_t{0};
  };
  std::size_t count = consume(0, records_max, 0);
  if (count == 0 && timeout_ms > 0) {
    count = consume(0, 1, timeout_ms);
    if (count == 1 && records_max > 1) count += consume(1, records_max - 1, 0);
  }
  Result<void> outcome;
  for (std::size_t i = 0; i < count; ++i) {
    const MessageHandle message{fetched_[i]};
    if (outcome) outcome = take(*message, batch);
  }
  return outcome;
}

Result<void> KafkaSource::take(const rd_kafka_message_t& message, ports::InputBatch& batch) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return not_a_record(message);
  const std::uint32_t id = number_of(message);
  const auto offset = static_cast<ports::Offset>(message.offset);
  if (id >= partitions_.size()) return {};
  Partition& partition = partitions_[id];
  if (!partition.owned || !partition.fetched || offset < partition.next) return {};
  partition.next = offset + 1;
  batch.records.push_back(record_of(message, id, batch.arena));
  return {};
}

Result<void> KafkaSource::not_a_record(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      return {};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: {
      const std::uint32_t id = number_of(message);
      return gap(id, id < partitions_.size() ? partitions_[id].next : 0);
    }
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return no_topic(message);
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return broker_error(message.err, "group " + options_.group);
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      if (auto fatal = sound(); !fatal) return fatal;
      return Error{Errc::fenced, "kafka.group_instance",
                   fmt::format("another worker uses {}", options_.group_instance)};
    default:  // librdkafka goes on by itself, unless there is no use in it.
      if (refusal(message.err)) return broker_error(message.err, "group " + options_.group);
      log::warn("kafka.consume", {{"code", rd_kafka_err2name(message.err)},
                                  {"reason", rd_kafka_message_errstr(&message)}});
      return {};
  }
}

/// No fatal error.
Result<void> KafkaSource::sound() const {
  auto fatal = client_->fatal();
  if (fatal || fatal.error().code != Errc::fenced) return fatal;
  constexpr std::chrono::seconds ask{5};
  if (replaced_in_group(*client_, options_, Deadline{ask})) {
    return Error{Errc::fenced, "kafka.group_instance",
                 fmt::format("another worker uses {}", options_.group_instance)};
  }
  return Error{
      Errc::broker_unreachable, "kafka.group_instance",
      fmt::format("{} lost its place in the group while the brokers were away; nobody else "
                  "has it: start again",
                  options_.group_instance)};
}

Lag KafkaSource::lag() const {
  Lag out;
  for (std::uint32_t id = 0; id < partitions_.size(); ++id) {
    const Partition& partition = partitions_[id];
    if (!partition.owned || !partition.fetched) continue;
    std::int64_t low = 0, high = 0;
    const auto place = inputs_.place_of(id);
    const auto code =
        rd_kafka_get_watermark_offsets(client_->get(), place.topic.c_str(),
                                       static_cast<std::int32_t>(place.partition), &low, &high);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) continue;  // nothing was fetched yet
    const auto end = static_cast<std::uint64_t>(high);
    const std::uint64_t behind = end > partition.next ? end - partition.next : 0;
    out.records += behind;
    if (behind <= out.worst) continue;
    out.worst = behind;
    out.worst_partition = id;
  }
  return out;
}

/// A topic that only a pattern names may go: then the group takes its partitions back.
Result<void> KafkaSource::no_topic(const rd_kafka_message_t& message) const {
  const char* name = message.rkt == nullptr ? nullptr : rd_kafka_topic_name(message.rkt);
  const std::string topic = name == nullptr ? options_.input_topic : name;
  const auto& named = options_.input_topics;
  const bool gone = message.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                    message.err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  if (gone && inputs_.several() && std::find(named.begin(), named.end(), topic) == named.end()) {
    log::warn("kafka.input_topic_gone", {{"topic", topic}});
    return {};
  }
  return broker_error(message.err, "topic " + topic);
}

std::string KafkaSource::describe(std::uint32_t partition, ports::Offset offset) const {
  return fmt::format("{}@{}", inputs_.describe(partition), offset);
}

void KafkaSource::make_place_for(std::uint32_t partition) {
  // Of one topic their number is fixed.
  if (inputs_.several() && partition >= partitions_.size()) partitions_.resize(partition + 1);
}

std::uint32_t KafkaSource::number_of(const rd_kafka_message_t& message) {
  if (!inputs_.several()) return static_cast<std::uint32_t>(message.partition);
  const auto number = inputs_.number_of(rd_kafka_topic_name(message.rkt), message.partition);
  make_place_for(number);
  return number;
}

std::uint32_t KafkaSource::number_of(const rd_kafka_topic_partition_t& entry) {
  const auto number = inputs_.number_of(entry.topic, entry.partition);
  make_place_for(number);
  return number;
}

std::vector<std::uint32_t> KafkaSource::numbers_of(const rd_kafka_topic_partition_list_t* list) {
  std::vector<std::uint32_t> out;
  for (int i = 0; i < list->cnt; ++i) out.push_back(number_of(list->elems[i]));
  return out;
}

rd_kafka_topic_partition_t* KafkaSource::add_to(rd_kafka_topic_partition_list_t* list,
                                                std::uint32_t partition) const {
  const auto place = inputs_.place_of(partition);
  return rd_kafka_topic_partition_list_add(list, place.topic.c_str(),
                                           static_cast<std::int32_t>(place.partition));
}

}  // namespace fealty::kafka
