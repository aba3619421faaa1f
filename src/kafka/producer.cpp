#include "producer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <span>
#include <thread>

#include "fealty/log/log.hpp"
#include "teardown.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

constexpr std::size_t records_a_call = 256;
/// A commit or an abort is asked for so long at a time: it goes on where it stood.
constexpr int call_ms = 1000;

}  // namespace

Result<std::unique_ptr<Producer>> Producer::open(const KafkaOptions& options,
                                                 std::uint32_t partitions, Deadline deadline,
                                                 const std::atomic<bool>& interrupted) {
  std::unique_ptr<Producer> out{new Producer};
  out->options_ = &options;
  out->interrupted_ = &interrupted;
  out->acks_ = std::make_shared<ChangelogAcks>(partitions);
  Client::Hooks hooks;
  hooks.prepare = [acks = out->acks_](rd_kafka_conf_t* conf) { tell(*acks, conf); };
  auto client =
      Client::make(RD_KAFKA_PRODUCER, options, producer_properties(options), std::move(hooks));
  if (!client) return client.error();
  out->client_ = *client;
  out->topics_.resize(options.streams.size());
  out->waiting_.resize(options.streams.size());
  for (std::size_t i = 0; i < options.streams.size(); ++i) {
    const std::string name = topic_of(static_cast<ports::Stream>(i), options);
    out->topics_.at(i).reset(rd_kafka_topic_new(out->client_->get(), name.c_str(), nullptr));
  }
  out->acks_->topic = out->topics_.at(static_cast<std::size_t>(changelog_stream(options))).get();
  auto done = out->until_done("init_transactions", deadline, [&](rd_kafka_t* rk) {
    return rd_kafka_init_transactions(rk, deadline.left_ms(1000) + 1);
  });
  if (!done) return done.error();
  return out;
}

// librdkafka (2.0) asserts when it is destroyed while it still registers partitions with a
// transaction: an abort ends that. It is refused, and harmless, where the commit was already sent.
Producer::~Producer() {
  if (!in_transaction_) return;
  constexpr int bound_ms = 1000;
  const ErrorHandle error{rd_kafka_abort_transaction(client_->get(), bound_ms)};
}

Result<void> Producer::sorted(const char* what, rd_kafka_error_t* error) {
  const std::string detail =
      fmt::format("{}: {}{}", what, rd_kafka_error_string(error), first_failure());
  const Errc code = broker_errc(rd_kafka_error_code(error));
  const bool refused = refusal(rd_kafka_error_code(error));
  if (rd_kafka_error_is_fatal(error) != 0) {
    const auto fatal = client_->fatal();
    if (code == Errc::fenced || (!fatal && fatal.error().code == Errc::fenced)) {
      return replaced(fatal ? detail : fatal.error().detail);
    }
    if (refused || client_->refused()) return Error{Errc::broker_refused, "kafka", detail};
    // Any other fatal error ends this producer only; what became of the transaction must be asked.
    return Error{Errc::broker_unreachable, "kafka", detail};
  }
  if (rd_kafka_error_txn_requires_abort(error) != 0) {
    // Aborted once more, it would be refused once more.
    if (refused) return Error{Errc::broker_refused, "kafka", detail};
    return Error{Errc::transaction_aborted, "kafka", detail};
  }
  if (code == Errc::fenced) return replaced(detail);
  return Error{code, "kafka", detail};
}

std::string Producer::first_failure() const {
  const std::lock_guard lock{acks_->mutex};
  return acks_->failed.empty() ? std::string{} : "; first to fail: " + acks_->failed;
}

std::string Producer::missing_topics() const {
  constexpr int bound_ms = 1000;
  std::string out;
  for (const TopicHandle& topic : topics_) {
    const struct rd_kafka_metadata* found = nullptr;
    if (rd_kafka_metadata(client_->get(), 0, topic.get(), &found, bound_ms) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      break;  // Nobody answers: nothing is known of the others, either.
    }
    const bool missing =
        found->topic_cnt == 1 && found->topics[0].err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (missing) out.append(out.empty() ? "" : ", ").append(rd_kafka_topic_name(topic.get()));
    rd_kafka_metadata_destroy(found);
  }
  return out;
}

/// The broker no longer knows this producer's epoch. Its clock for a transaction starts behind
/// ours, so one that it gave up is old here, too.
Error Producer::replaced(std::string_view detail) {
  const auto open_for = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun_);
  if (in_transaction_ && open_for >= options_->transaction_timeout) {
    timed_out_ = true;
    return Error{Errc::transaction_aborted, "kafka.transaction_timeout",
                 fmt::format("a transaction was open for {} ms, and the broker gives it up after "
                             "{}: {}",
                             open_for.count(), options_->transaction_timeout.count(), detail)};
  }
  return Error{
      Errc::fenced, "kafka.transactional_id",
      fmt::format("another worker uses {}: {}", options_->effective_transactional_id(), detail)};
}

template <class Call>
Result<void> Producer::until_done(const char* what, Deadline deadline, Call&& call) {
  while (true) {
    const ErrorHandle error{call(client_->get())};
    if (error == nullptr) return {};
    rd_kafka_poll(client_->get(), 0);
    if (!client_->refusal().empty())
      return Error{Errc::broker_refused, "kafka", client_->refusal()};
    const bool again = rd_kafka_error_is_retriable(error.get()) != 0 ||
                       rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (!again || rd_kafka_error_txn_requires_abort(error.get()) != 0) {
      return sorted(what, error.get());
    }
    if (deadline.passed() || *interrupted_) {
      return Error{Errc::broker_unreachable, "kafka",
                   fmt::format("{}: {}", what, rd_kafka_error_string(error.get()))};
    }
    rd_kafka_poll(client_->get(), deadline.left_ms(10));
  }
}

Result<void> Producer::begin() {
  const ErrorHandle error{rd_kafka_begin_transaction(client_->get())};
  if (error != nullptr) return sorted("begin_transaction", error.get());
  {
    const std::lock_guard lock{acks_->mutex};
    acks_->failed.clear();
  }
  in_transaction_ = true;
  begun_ = std::chrono::steady_clock::now();
  return {};
}

// Stream by stream, each in order: librdkafka takes a clock, a lock and a look at its own state
// once a call, so many records a call cost less than one.
Result<void> Producer::produce(const ports::OutputBuffer& out) {
  for (auto& waiting : waiting_) waiting.clear();  // An error may have left some.
  for (const auto& item : out.items()) {
    const std::string_view key = out.key(item);
    const std::string_view value = out.value(item);
    rd_kafka_message_t record{};
    record.partition =
        ports::spec_of(options_->streams, item.stream).placement == ports::Placement::by_key
            ? RD_KAFKA_PARTITION_UA
            : static_cast<std::int32_t>(item.partition);
    // librdkafka copies both and never writes to them, whatever its signature says.
    if (!value.empty()) record.payload = const_cast<char*>(value.data());
    record.len = value.size();
    if (!key.empty()) record.key = const_cast<char*>(key.data());
    record.key_len = key.size();
    auto& waiting = waiting_.at(static_cast<std::size_t>(item.stream));
    waiting.push_back(record);
    if (waiting.size() < records_a_call) continue;
    if (auto done = hand_over(item.stream); !done) return done;
  }
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (auto done = hand_over(static_cast<ports::Stream>(i)); !done) return done;
  }
  return {};
}

Result<void> Producer::hand_over(ports::Stream stream) {
  auto& waiting = waiting_.at(static_cast<std::size_t>(stream));
  std::span<rd_kafka_message_t> left{waiting};
  Result<void> outcome;
  Deadline deadline{options_->commit_timeout};
  while (!left.empty() && outcome) {
    const int taken = rd_kafka_produce_batch(
        topics_.at(static_cast<std::size_t>(stream)).get(), RD_KAFKA_PARTITION_UA,
        RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, left.data(), static_cast<int>(left.size()));
    const auto refused = std::find_if(left.begin(), left.end(), [](const auto& record) {
      return record.err != RD_KAFKA_RESP_ERR_NO_ERROR;
    });
    // What was taken comes first: a full queue refuses all that follows, as other faults do.
    const auto before = static_cast<std::size_t>(refused - left.begin());
    const bool full = refused != left.end() && refused->err == RD_KAFKA_RESP_ERR__QUEUE_FULL &&
                      static_cast<std::size_t>(taken) == before && !deadline.passed();
    if (refused != left.end() && !full) {
      outcome = produce_failed(refused->err, stream, refused->key_len + refused->len);
    }
    left = left.subspan(before);
    if (full) rd_kafka_poll(client_->get(), deadline.left_ms(10));
    if (full && *interrupted_) {
      outcome = Error{Errc::broker_unreachable, "kafka",
                      "to topic " + topic_of(stream, *options_) + ": nothing is acknowledged"};
    }
  }
  waiting.clear();
  return outcome;
}

Result<void> Producer::produce_failed(rd_kafka_resp_err_t code, ports::Stream stream,
                                      std::size_t bytes) {
  const std::string topic = topic_of(stream, *options_);
  if (auto fatal = client_->fatal(); !fatal) {
    if (fatal.error().code == Errc::fenced) return replaced(fatal.error().detail);
    if (client_->refused()) return fatal;
    return Error{Errc::transaction_aborted, "kafka", fatal.error().detail};
  }
  switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:  // it may come back
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__STATE:       // an earlier record failed: only an abort is left
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:  // nothing was acknowledged for the whole time
      return Error{Errc::transaction_aborted, "kafka",
                   fmt::format("to {}: {}{}", topic, rd_kafka_err2str(code), first_failure())};
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return Error{Errc::broker_refused, "kafka",
                   fmt::format("a record of {} bytes is too large for topic {}: raise its "
                               "max.message.bytes, up to {}",
                               bytes, topic, record_bytes_max)};
    default:
      return broker_error(code, "to topic " + topic);
  }
}

// send_offsets_to_transaction may block past its timeout (librdkafka through 2.14): it gets a
// thread of its own, which is left behind with the producer where that happens.
Result<void> Producer::send_offsets(PartitionList offsets, GroupHandle group, Deadline deadline) {
  const std::shared_ptr<rd_kafka_topic_partition_list_t> list{std::move(offsets)};
  const std::shared_ptr<rd_kafka_consumer_group_metadata_t> metadata{std::move(group)};
  return until_done("send_offsets_to_transaction", deadline, [&](rd_kafka_t*) -> rd_kafka_error_t* {
    const int timeout_ms = deadline.left_ms(5000) + 1;
    std::packaged_task<rd_kafka_error_t*()> task{[client = client_, list, metadata, timeout_ms] {
      return rd_kafka_send_offsets_to_transaction(client->get(), list.get(), metadata.get(),
                                                  timeout_ms);
    }};
    auto result = task.get_future();
    std::thread runner{std::move(task)};
    if (result.wait_for(std::chrono::milliseconds{timeout_ms + 5000}) ==
        std::future_status::ready) {
      runner.join();
      return result.get();
    }
    runner.detach();
    note_left_behind();
    log::warn("kafka.send_offsets_stuck", {{"waited_ms", timeout_ms + 5000}});
    // Not retriable: the caller destroys this producer and resolves the outcome.
    return rd_kafka_error_new(RD_KAFKA_RESP_ERR__TRANSPORT, "blocked past its timeout");
  });
}

Result<void> Producer::commit(Deadline deadline) {
  auto done = until_done("commit_transaction", deadline, [&](rd_kafka_t* rk) {
    return rd_kafka_commit_transaction(rk, deadline.left_ms(call_ms) + 1);
  });
  if (done) in_transaction_ = false;
  return done;
}

Result<void> Producer::abort(Deadline deadline) {
  auto done = until_done("abort_transaction", deadline, [&](rd_kafka_t* rk) {
    return rd_kafka_abort_transaction(rk, deadline.left_ms(call_ms) + 1);
  });
  if (done) in_transaction_ = false;
  return done;
}

}  // namespace fealty::kafka
