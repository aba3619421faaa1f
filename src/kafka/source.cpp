#include "source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"

namespace fealty::kafka {

namespace {

constexpr std::size_t padding_bytes = 64;  // as InputRecord::value promises

// The padding is left as it is: it only has to be readable.
std::string_view padded_copy(Arena& arena, const void* data, std::size_t size) {
  char* out = arena.allocate(size + padding_bytes);
  if (size != 0) std::memcpy(out, data, size);
  return {out, size};
}

std::span<const event::Header> headers_of(const rd_kafka_message_t& message, Arena& arena) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const std::size_t count = rd_kafka_header_cnt(headers);
  if (count == 0) return {};
  auto* out = reinterpret_cast<event::Header*>(arena.allocate(count * sizeof(event::Header)));
  for (std::size_t i = 0; i < count; ++i) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    rd_kafka_header_get_all(headers, i, &name, &value, &size);
    std::construct_at(out + i, event::Header{arena.copy(name), padded_copy(arena, value, size)});
  }
  return {out, count};
}

}  // namespace

Result<std::unique_ptr<KafkaSource>> KafkaSource::make(const KafkaOptions& options) {
  std::unique_ptr<KafkaSource> out{new KafkaSource{options}};
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
  closing_ = true;
  // An assignment still unanswered would keep the group, and the close, waiting.
  for (const auto& rebalance : pending_) {
    if (!rebalance.assign) {
      const ErrorHandle error{
          rd_kafka_incremental_unassign(client_->get(), rebalance.partitions.get())};
    }
  }
  queue_.reset();
  rd_kafka_consumer_close(client_->get());
}

Result<void> KafkaSource::open(ports::AssignmentListener& listener) {
  check(listener_ == nullptr, "a source is opened once");
  listener_ = &listener;
  rd_kafka_poll_set_consumer(client_->get());
  queue_.reset(rd_kafka_queue_get_consumer(client_->get()));
  const PartitionList topics{rd_kafka_topic_partition_list_new(1)};
  rd_kafka_topic_partition_list_add(topics.get(), options_.input_topic.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  const auto code = rd_kafka_subscribe(client_->get(), topics.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return broker_error(code, "subscribe");
  return {};
}

Result<ports::Polled> KafkaSource::poll(ports::InputBatch& batch, std::size_t records_max,
                                        std::chrono::milliseconds timeout) {
  check(listener_ != nullptr, "open() comes before poll()");
  batch.clear();
  polling_ = true;
  const std::size_t count = fetch(records_max, timeout);
  Result<void> outcome;
  for (std::size_t i = 0; i < count; ++i) {
    const MessageHandle message{fetched_[i]};
    if (outcome) outcome = take(*message, batch);
  }
  if (outcome) outcome = handle_rebalances();
  drop_moved(batch);
  polling_ = false;
  if (outcome && count == 0) outcome = client_->fatal();
  if (!outcome) return outcome.error();
  return batch.records.empty() ? ports::Polled::idle : ports::Polled::records;
}

// Blocks for the first record only: librdkafka's batch call would wait until the whole batch is
// full.
std::size_t KafkaSource::fetch(std::size_t records_max, std::chrono::milliseconds timeout) {
  fetched_.resize(std::max<std::size_t>(records_max, 1));
  const auto consume = [&](std::size_t at, std::size_t count, int timeout_ms) {
    const auto got =
        rd_kafka_consume_batch_queue(queue_.get(), timeout_ms, fetched_.data() + at, count);
    return got > 0 ? static_cast<std::size_t>(got) : std::size_t{0};
  };
  std::size_t count = consume(0, fetched_.size(), 0);
  if (count == 0 && pending_.empty() && timeout.count() > 0) {
    count = consume(0, 1, static_cast<int>(timeout.count()));
    if (count == 1 && fetched_.size() > 1) count += consume(1, fetched_.size() - 1, 0);
  }
  return count;
}

Result<void> KafkaSource::take(const rd_kafka_message_t& message, ports::InputBatch& batch) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return not_a_record(message);
  const auto id = static_cast<std::uint32_t>(message.partition);
  const auto offset = static_cast<ports::Offset>(message.offset);
  if (id >= partitions_.size()) return {};
  Partition& partition = partitions_[id];
  if (!partition.owned || offset < partition.next) return {};
  partition.next = offset + 1;
  batch.records.push_back({.partition = id,
                           .offset = offset,
                           .value = padded_copy(batch.arena, message.payload, message.len),
                           .headers = headers_of(message, batch.arena),
                           .timestamp_ms = rd_kafka_message_timestamp(&message, nullptr)});
  return {};
}

Result<void> KafkaSource::not_a_record(const rd_kafka_message_t& message) {
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      return {};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: {
      const auto id = static_cast<std::uint32_t>(message.partition);
      return gap(id, id < partitions_.size() ? partitions_[id].next : 0);
    }
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return broker_error(message.err, "topic " + options_.input_topic);
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__FATAL:
      return Error{Errc::fenced, "kafka.group_instance",
                   fmt::format("another worker uses {}", options_.group_instance)};
    default:  // librdkafka goes on by itself.
      log::warn("kafka.consume", {{"code", rd_kafka_err2name(message.err)},
                                  {"reason", rd_kafka_message_errstr(&message)}});
      return {};
  }
}

std::string KafkaSource::describe(std::uint32_t partition, ports::Offset offset) const {
  return fmt::format("{}[{}]@{}", options_.input_topic, partition, offset);
}

void KafkaSource::drop_moved(ports::InputBatch& batch) {
  if (!any_moved_) return;
  std::erase_if(batch.records,
                [&](const auto& record) { return partitions_[record.partition].moved; });
  for (auto& partition : partitions_) partition.moved = false;
  any_moved_ = false;
}

}  // namespace fealty::kafka
