// kafka_echo: the bare loop that `fealty run` is measured against: librdkafka's consumer and
// transactional producer, nothing decided in between. Reads `--events` records of a topic from its
// beginning and writes the very messages that another program made of them: those of the topics
// `--like`, `--messages` of each, evenly spread, to topics of its own. Commits both together every
// `--commit-ms`. Prints {"events":..,"out":..,"commits":..,"wall_s":..,"cpu_s":..,"eps":..}. The
// clock starts with the first record; what `--like` holds is read before that.
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
  std::string brokers = "localhost:9092", input = "events", prefix = "echo.", group = "echo";
  std::vector<std::string> like;
  std::vector<std::uint64_t> messages;
  std::uint64_t events = 0;
  int commit_ms = 100;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Bare transactional consume-produce loop"};
  app.add_option("--brokers", a.brokers)->capture_default_str();
  app.add_option("--input", a.input)->capture_default_str();
  app.add_option("--like", a.like, "Topics whose messages are written again")->required();
  app.add_option("--messages", a.messages, "How many to each of them")->required();
  app.add_option("--prefix", a.prefix, "Before their names: the topics written to")
      ->capture_default_str();
  app.add_option("--group", a.group, "A new one for every run")->capture_default_str();
  app.add_option("--events", a.events, "Records to read")->required();
  app.add_option("--commit-ms", a.commit_ms)->capture_default_str();
  try {
    app.parse(argc, argv);
    if (a.like.size() != a.messages.size()) fail("--like and --messages go together");
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
                                                     {"linger.ms", "50"},
                                                     {"queue.buffering.max.messages", "10000000"},
                                                     {"queue.buffering.max.kbytes", "262144"}});
  require(rd_kafka_init_transactions(rk, 30'000), "init_transactions");
  return rk;
}

/// What goes to one topic: some messages of the one it is like, taken in turn.
struct Answers {
  struct Message {
    std::string key, value;
  };
  std::vector<Message> kept;
  rd_kafka_topic_t* to = nullptr;
  std::uint64_t made = 0;
  double owed = 0, each = 0;  // messages for one record
};

constexpr std::size_t kept_max = 2'000;  // evenly chosen: as much variety, without the memory

/// Reads a topic from its beginning to its end. `messages` are to be written.
Answers read_answers(const Arguments& a, const std::string& topic, std::uint64_t messages) {
  rd_kafka_t* rk =
      fealty::tools::make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", a.brokers},
                                                     {"group.id", a.group + "-like"},
                                                     {"enable.auto.commit", "false"},
                                                     {"isolation.level", "read_committed"},
                                                     {"enable.partition.eof", "true"}});
  rd_kafka_poll_set_consumer(rk);
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_topic_t* handle = rd_kafka_topic_new(rk, topic.c_str(), nullptr);
  if (const auto code = rd_kafka_metadata(rk, 0, handle, &metadata, 10'000);
      code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(topic + ": " + rd_kafka_err2str(code));
  }
  rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(1);
  int open = metadata->topics[0].partition_cnt;
  for (int p = 0; p < open; ++p) {
    rd_kafka_topic_partition_list_add(all, topic.c_str(), p)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(rk, all);
  Answers out;
  std::uint64_t seen = 0, stride = 1;
  while (open > 0) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(rk, 10'000);
    if (message == nullptr) fail(topic + ": no end within 10 s");
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      --open;
    } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && seen++ % stride == 0) {
      out.kept.push_back({{static_cast<const char*>(message->key), message->key_len},
                          {static_cast<const char*>(message->payload), message->len}});
    }
    if (out.kept.size() == 2 * kept_max) {  // Every other one goes.
      for (std::size_t i = 0; i < kept_max; ++i) out.kept[i] = std::move(out.kept[2 * i]);
      out.kept.resize(kept_max);
      stride *= 2;
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_topic_partition_list_destroy(all);
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  rd_kafka_consumer_close(rk);
  rd_kafka_destroy(rk);
  out.each = static_cast<double>(messages) / static_cast<double>(a.events);
  return out;
}

class Echo {
 public:
  Echo(const Arguments& a, std::vector<Answers> answers)
      : a_{a},
        consumer_{make_consumer(a)},
        producer_{make_producer(a)},
        queue_{rd_kafka_queue_get_consumer(consumer_)},
        answers_{std::move(answers)} {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      answers_[i].to = rd_kafka_topic_new(producer_, (a.prefix + a.like[i]).c_str(), nullptr);
    }
  }

  void run() {
    std::vector<rd_kafka_message_t*> batch(10'000);
    std::optional<fealty::tools::Stopwatch> watch;
    double committed_at = 0;
    while (stop == 0 && events_ < a_.events) {
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
    for (const Answers& answers : answers_) rd_kafka_topic_destroy(answers.to);
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
      for (Answers& answers : answers_) {
        for (answers.owed += answers.each; answers.owed >= 1; answers.owed -= 1) produce(answers);
      }
    }
    rd_kafka_message_destroy(message);
  }

  void produce(Answers& answers) {
    begin();
    const Answers::Message& next = answers.kept[answers.made++ % answers.kept.size()];
    // librdkafka copies it and never writes to it, whatever its signature says.
    while (rd_kafka_produce(answers.to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                            const_cast<char*>(next.value.data()), next.value.size(),
                            next.key.data(), next.key.size(), nullptr) != 0) {
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
  std::vector<Answers> answers_;
  std::map<std::int32_t, std::int64_t> next_;
  std::uint64_t events_ = 0, out_ = 0, commits_ = 0;
  bool open_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGTERM, [](int) { stop = 1; });
  std::signal(SIGINT, [](int) { stop = 1; });
  const Arguments arguments = parse(argc, argv);
  std::vector<Answers> answers;
  for (std::size_t i = 0; i < arguments.like.size(); ++i) {
    answers.push_back(read_answers(arguments, arguments.like[i], arguments.messages[i]));
  }
  Echo{arguments, std::move(answers)}.run();
  return 0;
}
