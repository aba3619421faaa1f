// kafka_echo: the bare loop that `fealty run` is measured against: librdkafka's consumer and
// transactional producer, nothing decided in between. Reads `--events` records of a topic from its
// beginning, writes `--ratio` records of `--bytes` bytes for each, commits both together every
// `--commit-ms`. Prints {"events":..,"out":..,"commits":..,"wall_s":..,"cpu_s":..,"eps":..}. The
// clock starts with the first record.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <map>
#include <optional>
#include <string_view>

#include "kafka_client.hpp"

namespace {

using fealty::tools::fail;
using fealty::tools::require;

volatile std::sig_atomic_t stop = 0;  // set by the signal handler

struct Arguments {
  std::string brokers = "localhost:9092", input = "events", output = "echo", group = "echo";
  std::uint64_t events = 0;
  double ratio = 0.1;
  std::size_t bytes = 300;
  int commit_ms = 100;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Bare transactional consume-produce loop"};
  app.add_option("--brokers", a.brokers)->capture_default_str();
  app.add_option("--input", a.input)->capture_default_str();
  app.add_option("--output", a.output)->capture_default_str();
  app.add_option("--group", a.group, "A new one for every run")->capture_default_str();
  app.add_option("--events", a.events, "Records to read; 0 = until SIGTERM");
  app.add_option("--ratio", a.ratio, "Output records for each input record")->capture_default_str();
  app.add_option("--bytes", a.bytes, "Size of an output record")->capture_default_str();
  app.add_option("--commit-ms", a.commit_ms)->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : 2);
  }
  return a;
}

// The same properties as Fealty's own clients have by default.
rd_kafka_t* make_consumer(const Arguments& a) {
  rd_kafka_t* rk =
      fealty::tools::make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", a.brokers},
                                                     {"group.id", a.group},
                                                     {"enable.auto.commit", "false"},
                                                     {"enable.auto.offset.store", "false"},
                                                     {"auto.offset.reset", "earliest"},
                                                     {"isolation.level", "read_committed"},
                                                     {"check.crcs", "true"},
                                                     {"fetch.wait.max.ms", "10"},
                                                     {"queued.min.messages", "10000000"},
                                                     {"queued.max.messages.kbytes", "262144"}});
  rd_kafka_poll_set_consumer(rk);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, a.input.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(rk, topics); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(rd_kafka_err2str(code));
  }
  rd_kafka_topic_partition_list_destroy(topics);
  return rk;
}

rd_kafka_t* make_producer(const Arguments& a) {
  rd_kafka_t* rk =
      fealty::tools::make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", a.brokers},
                                                     {"transactional.id", a.group},
                                                     {"partitioner", "murmur2_random"},
                                                     {"compression.codec", "lz4"},
                                                     {"linger.ms", "5"},
                                                     {"queue.buffering.max.messages", "10000000"},
                                                     {"queue.buffering.max.kbytes", "262144"}});
  require(rd_kafka_init_transactions(rk, 30'000), "init_transactions");
  return rk;
}

class Echo {
 public:
  explicit Echo(const Arguments& a)
      : a_{a},
        consumer_{make_consumer(a)},
        producer_{make_producer(a)},
        queue_{rd_kafka_queue_get_consumer(consumer_)},
        topic_{rd_kafka_topic_new(producer_, a.output.c_str(), nullptr)} {}

  void run() {
    std::vector<rd_kafka_message_t*> batch(10'000);
    std::optional<fealty::tools::Stopwatch> watch;
    double committed_at = 0;
    while (stop == 0 && (a_.events == 0 || events_ < a_.events)) {
      auto count = rd_kafka_consume_batch_queue(queue_, 0, batch.data(), batch.size());
      if (count == 0) count = rd_kafka_consume_batch_queue(queue_, 10, batch.data(), 1);
      if (count > 0 && !watch) watch.emplace();
      for (ssize_t i = 0; i < count; ++i) take(batch[static_cast<std::size_t>(i)]);
      if (watch && watch->wall_s() - committed_at >= a_.commit_ms * 1e-3) {
        commit();
        committed_at = watch->wall_s();
      }
    }
    commit();
    const double wall = watch ? watch->wall_s() : 0, cpu = watch ? watch->cpu_s() : 0;
    std::cout << "{\"events\":" << events_ << ",\"out\":" << out_ << ",\"commits\":" << commits_
              << ",\"wall_s\":" << wall << ",\"cpu_s\":" << cpu
              << ",\"eps\":" << static_cast<double>(events_) / wall
              << ",\"per_cpu_s\":" << static_cast<double>(events_) / cpu << "}\n";
    rd_kafka_topic_destroy(topic_);
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(producer_);
    rd_kafka_consumer_close(consumer_);
    rd_kafka_destroy(consumer_);
  }

 private:
  void begin() {
    if (!open_) require(rd_kafka_begin_transaction(producer_), "begin_transaction");
    open_ = true;
  }

  void take(rd_kafka_message_t* message) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++events_;
      next_[message->partition] = message->offset + 1;
      owed_ += a_.ratio;
      for (; owed_ >= 1; owed_ -= 1) produce(*message);
    }
    rd_kafka_message_destroy(message);
  }

  /// The record's own text over and over, so that it packs about as well as an answer to it would.
  void produce(const rd_kafka_message_t& message) {
    begin();
    const std::string_view text{static_cast<const char*>(message.payload), message.len};
    payload_.clear();
    while (payload_.size() < a_.bytes && !text.empty()) {
      payload_.append(text.substr(0, a_.bytes - payload_.size()));
    }
    while (rd_kafka_produce(topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload_.data(),
                            payload_.size(), message.key, message.key_len, nullptr) != 0) {
      const auto code = rd_kafka_last_error();
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(code));
      rd_kafka_poll(producer_, 10);
    }
    ++out_;
  }

  void commit() {
    if (next_.empty()) return;
    begin();
    rd_kafka_topic_partition_list_t* offsets =
        rd_kafka_topic_partition_list_new(static_cast<int>(next_.size()));
    for (const auto& [partition, offset] : next_) {
      rd_kafka_topic_partition_list_add(offsets, a_.input.c_str(), partition)->offset = offset;
    }
    rd_kafka_consumer_group_metadata_t* group = rd_kafka_consumer_group_metadata(consumer_);
    require(rd_kafka_send_offsets_to_transaction(producer_, offsets, group, 30'000),
            "send_offsets");
    require(rd_kafka_commit_transaction(producer_, 30'000), "commit_transaction");
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(offsets);
    next_.clear();
    open_ = false;
    ++commits_;
  }

  Arguments a_;
  rd_kafka_t* consumer_;
  rd_kafka_t* producer_;
  rd_kafka_queue_t* queue_;
  rd_kafka_topic_t* topic_;
  std::string payload_;
  std::map<std::int32_t, std::int64_t> next_;
  std::uint64_t events_ = 0, out_ = 0, commits_ = 0;
  double owed_ = 0;
  bool open_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGTERM, [](int) { stop = 1; });
  std::signal(SIGINT, [](int) { stop = 1; });
  Echo{parse(argc, argv)}.run();
  return 0;
}
