#include "changelog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "fealty/base/check.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

constexpr std::size_t batch_max = 1000;
constexpr int slice_ms = 100;
constexpr int wake_after_ms = 5;
constexpr int wakes_by_itself = 0x02020000;  // the release of the library from which it does
constexpr std::uint32_t reader_queue_kib_max = 64 * 1024;  // of each partition that is being read

Error gap(const std::string& topic, std::uint32_t partition, std::uint64_t position,
          const Watermarks& held) {
  return Error{Errc::input_gap, "kafka.changelog",
               fmt::format("the store stands at {} of {}[{}], which holds {} to {}: the topic was "
                           "shortened or made anew. Restore the topic, or move the state directory "
                           "away to build it again from what there is",
                           position, topic, partition, held.low, held.high)};
}

Error beginning_gone(const std::string& topic, std::uint32_t partition, const Watermarks& held) {
  return Error{
      Errc::input_gap, "kafka.changelog",
      fmt::format("the store is empty, and {}[{}] cannot fill it: it holds {} to {}, its beginning "
                  "was deleted, so members saved there would start again at 0. Put the state "
                  "directory back; or start over with another group, another output_prefix and "
                  "an input from its beginning. That it does not happen again: the topic's "
                  "cleanup.policy must be compact",
                  topic, partition, held.low, held.high)};
}

}  // namespace

/// One pass over one partition, through a queue of its own.
class KafkaChangelog::PartitionReader final : public ports::Changelog::Reader {
 public:
  /// `end`: there is nothing to read before the partition grows past it.
  PartitionReader(KafkaChangelog& home, std::uint32_t partition, std::uint64_t position,
                  std::uint64_t end)
      : home_{home},
        partition_{partition},
        next_{position},
        end_seen_{end},
        done_{position == end} {
    const bool first = home_.open_.insert(partition).second;
    check(first, "one reader a partition at a time");
  }
  ~PartitionReader() override {
    if (queue_ != nullptr) {
      rd_kafka_consume_stop(home_.handle_.get(), static_cast<std::int32_t>(partition_));
    }
    drop_fetched();
    home_.open_.erase(partition_);
  }

  Result<bool> step(Visitor& visitor, std::chrono::milliseconds budget) override {
    if (!done_ && queue_ == nullptr) {
      if (auto started = start(); !started) return started.error();
    }
    return read(visitor, budget);
  }
  [[nodiscard]] std::uint64_t position() const override { return next_; }
  [[nodiscard]] std::uint64_t left() const override {
    return done_ || next_ >= end_seen_ ? 0 : end_seen_ - next_;
  }

 private:
  Result<void> start() {
    queue_.reset(rd_kafka_queue_new(home_.records_->get()));
    if (rd_kafka_consume_start_queue(home_.handle_.get(), static_cast<std::int32_t>(partition_),
                                     static_cast<std::int64_t>(next_), queue_.get()) != 0) {
      const auto code = rd_kafka_last_error();
      queue_.reset();
      return broker_error(code, "changelog " + home_.topic_);
    }
    return {};
  }

  Result<bool> read(Visitor& visitor, std::chrono::milliseconds budget) {
    const Deadline deadline{budget};
    while (!done_) {
      const auto before = next_;
      const auto begun = std::chrono::steady_clock::now();
      if (at_ == fetched_.size()) fetch(deadline.left_ms(slice_ms));
      if (auto visited = visit(visitor, deadline); !visited) return visited.error();
      if (at_end_ && end_known_ && next_ >= end_) break;
      if (next_ == before) {
        idle_ += std::chrono::steady_clock::now() - begun;
      } else {
        idle_ = asked_at_ = {};
      }
      if (idle_ - asked_at_ > home_.options_.start_timeout) {
        asked_at_ = idle_;
        const auto there = there_at_all(*home_.ends_, home_.options_, home_.topic_, partition_);
        if (!there) return there.error();
      }
      if (idle_ > home_.options_.start_timeout + home_.options_.transaction_timeout) {
        idle_ = asked_at_ = {};  // Whoever waits for brokers comes again.
        return Error{Errc::broker_unreachable, "kafka.changelog",
                     fmt::format("stuck at {} of {}[{}]", next_, home_.topic_, partition_)};
      }
      if (deadline.passed()) return false;
    }
    done_ = true;
    if (!told_ && home_.seen_) home_.seen_(partition_, next_);
    told_ = true;
    return true;
  }

  void drop_fetched() {
    for (; at_ < fetched_.size(); ++at_) rd_kafka_message_destroy(fetched_[at_]);
  }

  // One blocks until something is there; a larger batch would block until it is full.
  void fetch(int timeout_ms) {
    rd_kafka_poll(home_.records_->get(), 0);  // error_cb
    at_ = 0;
    fetched_.resize(batch_max);
    const bool may_sleep = left() > 0 && rd_kafka_version() < wakes_by_itself;
    std::size_t count = consume(0, 1, may_sleep ? std::min(wake_after_ms, timeout_ms) : timeout_ms);
    if (count == 0 && may_sleep) {
      wake();
      count = consume(0, 1, timeout_ms);
    }
    if (count == 1) count += consume(1, batch_max - 1, 0);
    fetched_.resize(count);
  }
  /// A queue that was full stops fetching for up to a second, unless a question to the partition's
  /// leader wakes the thread that fetches.
  void wake() {
    std::int64_t low = 0, high = 0;
    (void)rd_kafka_query_watermark_offsets(home_.records_->get(), home_.topic_.c_str(),
                                           static_cast<std::int32_t>(partition_), &low, &high,
                                           slice_ms);
  }
  std::size_t consume(std::size_t at, std::size_t count, int timeout_ms) {
    const auto got =
        rd_kafka_consume_batch_queue(queue_.get(), timeout_ms, fetched_.data() + at, count);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }

  Result<void> visit(Visitor& visitor, const Deadline& deadline) {
    while (at_ < fetched_.size()) {
      const MessageHandle message{fetched_[at_++]};
      if (auto taken = take(*message, visitor); !taken) return taken;
      if (deadline.passed()) break;
    }
    return {};
  }

  Result<void> take(const rd_kafka_message_t& message, Visitor& visitor) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end_ = true;  // of what is stable; open transactions may lie behind it
      next_ = std::max(next_, static_cast<std::uint64_t>(message.offset));
      note_end();
      return {};
    }
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
      const auto held = watermarks(*home_.ends_, home_.topic_, partition_,
                                   Deadline{home_.options_.start_timeout});
      return held ? gap(home_.topic_, partition_, next_, *held) : held.error();
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // It reconnects, or finds the leader; unless the topic is gone.
      if (settling(message.err) || broker_errc(message.err) == Errc::broker_unreachable) return {};
      return broker_error(message.err, "changelog " + home_.topic_);
    }
    at_end_ = false;
    next_ = static_cast<std::uint64_t>(message.offset) + 1;
    const std::string_view key{static_cast<const char*>(message.key), message.key_len};
    const std::string_view value{static_cast<const char*>(message.payload), message.len};
    return visitor.apply(key, value);
  }

  // The high watermark of the fetch that reached the stable end: past it only where transactions
  // are open.
  void note_end() {
    if (end_known_) return;
    std::int64_t low = 0, high = 0;
    rd_kafka_get_watermark_offsets(home_.records_->get(), home_.topic_.c_str(),
                                   static_cast<std::int32_t>(partition_), &low, &high);
    end_ = high > 0 ? static_cast<std::uint64_t>(high) : 0;
    end_known_ = true;
  }

  KafkaChangelog& home_;
  const std::uint32_t partition_;
  QueueHandle queue_;
  std::vector<rd_kafka_message_t*> fetched_;
  std::size_t at_ = 0;  // next of fetched_ to visit
  std::uint64_t next_ = 0, end_ = 0;
  const std::uint64_t end_seen_;  // when it was opened
  // In step() since it last moved on; and how much of it when the brokers were last asked why.
  std::chrono::steady_clock::duration idle_{}, asked_at_{};
  bool at_end_ = false, end_known_ = false, done_ = false, told_ = false;
};

KafkaChangelog::KafkaChangelog(const KafkaOptions& options, Seen seen)
    : options_{options},
      topic_{topic_of(changelog_stream(options), options)},
      seen_{std::move(seen)} {}

Result<void> KafkaChangelog::connect() {
  if (records_ != nullptr) return {};
  Properties properties = reader_properties(options_);
  properties.insert(
      properties.end(),
      {{"auto.commit.enable", "false"},  // the older name of what a queue obeys
       {"queued.max.messages.kbytes",
        std::to_string(std::min(options_.fetch_queue_kib_max, reader_queue_kib_max))}});
  auto records = Client::make(RD_KAFKA_CONSUMER, options_, properties, {});
  if (!records) return records.error();
  properties.emplace_back("isolation.level", "read_uncommitted");
  auto ends = Client::make(RD_KAFKA_CONSUMER, options_, properties, {});
  if (!ends) return ends.error();
  records_ = *records;
  ends_ = *ends;
  handle_.reset(rd_kafka_topic_new(records_->get(), topic_.c_str(), nullptr));
  if (handle_ == nullptr) return broker_error(rd_kafka_last_error(), "changelog " + topic_);
  return {};
}

Result<std::unique_ptr<ports::Changelog::Reader>> KafkaChangelog::open(std::uint32_t partition,
                                                                       std::uint64_t position) {
  if (auto connected = connect(); !connected) return connected.error();
  const auto held = watermarks(*ends_, topic_, partition, Deadline{options_.start_timeout});
  if (!held) return held.error();
  if (position == 0 && held->low > 0) return beginning_gone(topic_, partition, *held);
  if (position < held->low || position > held->high) {
    return gap(topic_, partition, position, *held);
  }
  return std::unique_ptr<Reader>{
      std::make_unique<PartitionReader>(*this, partition, position, held->high)};
}

}  // namespace fealty::kafka
