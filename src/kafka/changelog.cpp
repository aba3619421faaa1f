#include "changelog.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "topics.hpp"

namespace fealty::kafka {

namespace {

constexpr std::size_t batch_max = 1000;
constexpr int wait_ms = 100;

/// One pass over one partition.
class Reader {
 public:
  Reader(const Client& client, std::string topic, std::uint32_t partition)
      : client_{client}, topic_{std::move(topic)}, partition_{partition} {}

  Result<void> start(std::uint64_t position) {
    next_ = position;
    const PartitionList list{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(),
                                      static_cast<std::int32_t>(partition_))
        ->offset = position == 0 ? RD_KAFKA_OFFSET_BEGINNING : static_cast<std::int64_t>(position);
    if (const auto code = rd_kafka_assign(client_.get(), list.get());
        code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return broker_error(code, "changelog " + topic_);
    }
    queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
    return {};
  }

  /// Reads what comes within `wait_ms`.
  Result<void> step(ports::Changelog::Visitor& visitor) {
    // One blocks until something is there; a larger batch would block until it is full.
    auto count = consume(1, wait_ms);
    if (count == 1) count += consume(batch_max - 1, 0);
    Result<void> outcome;
    for (std::size_t i = 0; i < count; ++i) {
      const MessageHandle message{messages_.at(i)};
      if (outcome) outcome = take(*message, visitor);
    }
    return outcome;
  }
  /// True once everything before the high watermark first seen has been read.
  [[nodiscard]] bool done() const { return at_end_ && next_ >= end_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }

 private:
  std::size_t consume(std::size_t count, int timeout_ms) {
    const auto got = rd_kafka_consume_batch_queue(
        queue_.get(), timeout_ms, messages_.data() + (timeout_ms == 0 ? 1 : 0), count);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  Result<void> take(const rd_kafka_message_t& message, ports::Changelog::Visitor& visitor) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end_ = true;  // of what is stable; open transactions may lie behind it
      next_ = static_cast<std::uint64_t>(message.offset);
      note_end();
      return {};
    }
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      return gap();
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // It reconnects, or finds the leader.
      if (settling(message.err) || broker_errc(message.err) == Errc::broker_unreachable) return {};
      return broker_error(message.err, "changelog " + topic_);
    }
    at_end_ = false;
    next_ = static_cast<std::uint64_t>(message.offset) + 1;
    const std::string_view key{static_cast<const char*>(message.key), message.key_len};
    const std::string_view value{static_cast<const char*>(message.payload), message.len};
    return visitor.apply(key, value);
  }

  [[nodiscard]] Error gap() const {
    const auto held = watermarks(client_, topic_, partition_, Deadline{std::chrono::seconds{5}});
    if (!held) return held.error();
    return Error{
        Errc::input_gap, "kafka.changelog",
        fmt::format("the store stands at {} of {}[{}], which holds {} to {}: the topic was "
                    "shortened or made anew. Restore the topic, or move the state directory "
                    "away to build it again from what there is",
                    next_, topic_, partition_, held->low, held->high)};
  }

  // The high watermark of the fetch that reached the stable end: past it only where transactions
  // are open.
  void note_end() {
    if (end_known_) return;
    std::int64_t low = 0, high = 0;
    rd_kafka_get_watermark_offsets(client_.get(), topic_.c_str(),
                                   static_cast<std::int32_t>(partition_), &low, &high);
    end_ = high > 0 ? static_cast<std::uint64_t>(high) : 0;
    end_known_ = true;
  }

  const Client& client_;
  std::string topic_;
  std::uint32_t partition_;
  QueueHandle queue_;
  std::array<rd_kafka_message_t*, batch_max> messages_{};
  std::uint64_t next_ = 0, end_ = 0;
  bool at_end_ = false, end_known_ = false;
};

}  // namespace

Result<std::uint64_t> KafkaChangelog::read(std::uint32_t partition, std::uint64_t position,
                                           Visitor& visitor) {
  auto client = Client::make(RD_KAFKA_CONSUMER, options_, reader_properties(options_), {});
  if (!client) return client.error();
  rd_kafka_poll_set_consumer((*client)->get());
  const auto patience = options_.start_timeout + options_.transaction_timeout;
  Reader reader{**client, topic_of(ports::Stream::changelog, options_), partition};
  if (auto done = reader.start(position); !done) return done.error();

  Deadline deadline{patience};  // Without progress.
  while (!reader.done()) {
    const auto before = reader.next();
    if (auto done = reader.step(visitor); !done) return done.error();
    if (reader.next() != before) deadline = Deadline{patience};
    if (deadline.passed()) {
      return Error{Errc::broker_unreachable, "kafka.changelog",
                   fmt::format("stuck at {} of partition {}", reader.next(), partition)};
    }
  }
  if (seen_) seen_(partition, reader.next());
  return reader.next();
}

}  // namespace fealty::kafka
