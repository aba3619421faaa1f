#include "feed.hpp"

#include <algorithm>
#include <numeric>

#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"
#include "topics.hpp"

namespace fealty::kafka {
namespace {

constexpr std::size_t batch_max = 1000;
constexpr std::uint32_t queue_kib_max = 16 * 1024;

}  // namespace

KafkaFeed::~KafkaFeed() {
  if (client_ == nullptr) return;
  records_.reset();
  rd_kafka_consumer_close(client_->get());
}

Result<void> KafkaFeed::open(std::span<const std::uint64_t> positions) {
  check(client_ == nullptr, "a feed is opened once");
  Properties properties = reader_properties(options_);
  properties.emplace_back("queued.max.messages.kbytes", std::to_string(queue_kib_max));
  auto client = Client::make(RD_KAFKA_CONSUMER, options_, properties, {});
  if (!client) return client.error();
  client_ = *client;
  rd_kafka_poll_set_consumer(client_->get());
  records_.reset(rd_kafka_queue_get_consumer(client_->get()));
  const auto count = partition_count(*client_, options_, topic_, Deadline{options_.start_timeout});
  if (!count) return count.error();
  next_.assign(*count, 0);
  target_.assign(*count, 0);
  return begin_at(positions);
}

Result<void> KafkaFeed::begin_at(std::span<const std::uint64_t> positions) {
  const PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(next_.size()))};
  for (std::uint32_t i = 0; i < next_.size(); ++i) {
    const auto held = watermarks(*client_, topic_, i, Deadline{options_.start_timeout});
    if (!held) return held.error();
    const std::uint64_t stood = i < positions.size() ? positions[i] : 0;
    next_[i] = std::max(stood, held->low);  // what age took away is gone
    if (stood > held->high) {
      log::warn(
          "kafka.feed_anew",
          {{"topic", topic_}, {"partition", i}, {"stood_at", stood}, {"holds_up_to", held->high}});
      next_[i] = held->low;
    }
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), static_cast<std::int32_t>(i))
        ->offset = static_cast<std::int64_t>(next_[i]);
  }
  const auto code = rd_kafka_assign(client_->get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return broker_error(code, "topic " + topic_);
  return {};
}

Result<void> KafkaFeed::aim_at_end(std::optional<std::string_view> key) {
  std::fill(target_.begin(), target_.end(), 0);
  std::uint32_t first = 0, end = static_cast<std::uint32_t>(next_.size());
  if (key) {
    // As the producer places it; the topic's handle and the two opaques are not looked at.
    first = static_cast<std::uint32_t>(rd_kafka_msg_partitioner_murmur2(
        nullptr, key->data(), key->size(), static_cast<std::int32_t>(end), nullptr, nullptr));
    end = first + 1;
  }
  for (std::uint32_t i = first; i < end; ++i) {
    const auto held = watermarks(*client_, topic_, i, Deadline{options_.start_timeout});
    if (!held) return held.error();
    target_[i] = held->high;  // the last stable offset
  }
  return {};
}

bool KafkaFeed::reached() const {
  return std::equal(next_.begin(), next_.end(), target_.begin(), std::greater_equal<>{});
}

Result<bool> KafkaFeed::step(Visitor& visitor, std::chrono::milliseconds budget) {
  const std::uint64_t before = std::accumulate(next_.begin(), next_.end(), std::uint64_t{0});
  const auto begun = std::chrono::steady_clock::now();
  const auto done = read(visitor, budget);
  if (!done || *done) return done;
  const auto there = waited(before, std::chrono::steady_clock::now() - begun);
  return there ? done : there.error();
}

/// A partition that gives nothing for long may have gone, which no fetch tells.
Result<void> KafkaFeed::waited(std::uint64_t before, std::chrono::steady_clock::duration time) {
  idle_ += time;
  if (std::accumulate(next_.begin(), next_.end(), std::uint64_t{0}) != before) idle_ = {};
  if (idle_ <= options_.start_timeout) return {};
  idle_ = {};
  constexpr std::chrono::seconds bound{2};
  for (std::uint32_t i = 0; i < next_.size(); ++i) {
    if (next_[i] >= target_[i]) continue;
    const auto held = watermarks(*client_, topic_, i, Deadline{bound});
    if (!held && held.error().code != Errc::broker_unreachable) return held.error();
  }
  return {};
}

Result<bool> KafkaFeed::read(Visitor& visitor, std::chrono::milliseconds budget) {
  const Deadline deadline{budget};
  while (true) {
    fetched_.resize(batch_max);
    const auto consume = [&](std::size_t at, std::size_t count, int wait_ms) {
      const auto got =
          rd_kafka_consume_batch_queue(records_.get(), wait_ms, fetched_.data() + at, count);
      return got > 0 ? static_cast<std::size_t>(got) : std::size_t{0};
    };
    // One may be waited for; a batch would be waited for until it is full.
    std::size_t count = consume(0, batch_max, 0);
    if (count == 0 && !reached() && !deadline.passed()) count = consume(0, 1, deadline.left_ms());
    Result<void> outcome;
    for (std::size_t i = 0; i < count; ++i) {
      const MessageHandle message{fetched_[i]};
      if (outcome) outcome = take(*message, visitor);
    }
    if (outcome) outcome = client_->fatal();
    if (!outcome) return outcome.error();
    if (count < batch_max && (reached() || deadline.passed())) return reached();
    if (deadline.passed()) return false;
  }
}

Result<void> KafkaFeed::take(const rd_kafka_message_t& message, Visitor& visitor) {
  const auto partition = static_cast<std::size_t>(message.partition);
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    next_.at(partition) = std::max(next_[partition], static_cast<std::uint64_t>(message.offset));
    return {};
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (settling(message.err) || broker_errc(message.err) == Errc::broker_unreachable) return {};
    return broker_error(message.err, "topic " + topic_);
  }
  next_.at(partition) = static_cast<std::uint64_t>(message.offset) + 1;
  return visitor.apply({static_cast<const char*>(message.key), message.key_len},
                       {static_cast<const char*>(message.payload), message.len});
}

}  // namespace fealty::kafka
