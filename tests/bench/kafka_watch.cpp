// kafka_watch drained: follows a group's committed offsets until they reach the end of the topic.
// kafka_watch follow: when committed messages come to a topic from now on, by the monotonic clock.
// kafka_watch count: how many committed messages, and bytes of values, some topics hold.
// JSON, one object a line, to stdout.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int timeout_ms = 10'000;

struct Options {
  std::string brokers, group, topic;
  std::vector<std::string> topics;
  double seconds_max = 300;
};

[[noreturn]] void die(std::string_view what) {
  fmt::print(stderr, "kafka_watch: {}\n", what);
  std::exit(1);
}

rd_kafka_t* make_consumer(const Options& options, const std::string& group) {
  char error[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  const std::pair<const char*, std::string> settings[]{
      {"bootstrap.servers", options.brokers}, {"group.id", group},
      {"isolation.level", "read_committed"},  {"enable.auto.commit", "false"},
      {"enable.partition.eof", "true"},       {"fetch.wait.max.ms", "10"}};
  for (const auto& [key, value] : settings) {
    if (rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      die(error);
    }
  }
  rd_kafka_t* const consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (consumer == nullptr) die(error);
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

int partitions_of(rd_kafka_t* client, const std::string& name) {
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(client, name.c_str(), nullptr);
  if (rd_kafka_metadata(client, 0, topic, &metadata, timeout_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    die("no metadata of " + name);
  }
  const int partitions = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(topic);
  return partitions;
}

std::int64_t end_of(rd_kafka_t* client, const std::string& topic, int partition) {
  std::int64_t low = 0, high = 0;
  if (rd_kafka_query_watermark_offsets(client, topic.c_str(), partition, &low, &high, timeout_ms) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    die("no end of " + topic);
  }
  return high;
}

/// A line at the first progress seen, and one at the end. bench.py reads the process's CPU time as
/// it sees each of them.
int drained(const Options& options) {
  rd_kafka_t* const client = make_consumer(options, options.group);
  const int partitions = partitions_of(client, options.topic);
  std::int64_t end = 0;
  for (int i = 0; i < partitions; ++i) end += end_of(client, options.topic, i);
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, options.topic.c_str(), i);
  }
  const auto begun = SteadyClock::now();
  std::int64_t committed = 0, told = 0;
  while (committed < end) {
    const std::chrono::duration<double> waited = SteadyClock::now() - begun;
    if (waited.count() > options.seconds_max) die("not drained in time");
    committed = 0;
    if (rd_kafka_committed(client, list, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      for (int i = 0; i < list->cnt; ++i) {
        committed += std::max<std::int64_t>(0, list->elems[i].offset);
      }
    }
    if (committed > told || committed >= end) {
      told = committed;
      fmt::print("{{\"at_s\": {:.6f}, \"committed\": {}, \"end\": {}}}\n",
                 std::chrono::duration<double>(SteadyClock::now() - begun).count(), committed, end);
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return 0;
}

/// A line once it listens, and one for each time that something came, until it is killed.
[[noreturn]] void follow(const Options& options) {
  rd_kafka_t* const client = make_consumer(options, "kafka-watch-follow");
  const int partitions = partitions_of(client, options.topic);
  rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list, options.topic.c_str(), i)->offset =
        end_of(client, options.topic, i);
  }
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
  int ended = 0;
  while (true) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(client, timeout_ms);
    const std::chrono::duration<double> now = SteadyClock::now().time_since_epoch();
    if (message == nullptr) continue;
    const bool record = message->err == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
    rd_kafka_message_destroy(message);
    if (record || ended == partitions) {
      fmt::print("{{\"at_s\": {:.6f}, \"record\": {}}}\n", now.count(), record);
      std::fflush(stdout);
      if (!record) ++ended;  // Listening is told once.
    }
  }
}

int count(const Options& options) {
  std::string fields;
  for (const std::string& topic : options.topics) {
    rd_kafka_t* const client = make_consumer(options, "kafka-watch-count");
    const int partitions = partitions_of(client, topic);
    rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; ++i) {
      rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    std::uint64_t messages = 0, bytes = 0;
    for (int ended = 0; ended < partitions;) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(client, timeout_ms);
      if (message == nullptr) die("no end of " + topic);
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++messages;
        bytes += message->len;
      }
      rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    fields += fmt::format("{}\"{}\": {{\"messages\": {}, \"bytes\": {}}}",
                          fields.empty() ? "" : ", ", topic, messages, bytes);
  }
  fmt::print("{{{}}}\n", fields);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Watches topics and groups for the benchmarks"};
  app.require_subcommand(1);
  CLI::App* const drain =
      app.add_subcommand("drained", "Until a group has committed a topic's end");
  drain->add_option("--brokers", options.brokers)->required();
  drain->add_option("--group", options.group)->required();
  drain->add_option("--topic", options.topic)->required();
  drain->add_option("--seconds-max", options.seconds_max)->capture_default_str();
  CLI::App* const next =
      app.add_subcommand("follow", "When committed messages come to a topic from now on");
  next->add_option("--brokers", options.brokers)->required();
  next->add_option("--topic", options.topic)->required();
  CLI::App* const sum = app.add_subcommand("count", "Committed messages and bytes of their values");
  sum->add_option("--brokers", options.brokers)->required();
  sum->add_option("topics", options.topics)->required();
  CLI11_PARSE(app, argc, argv);
  if (*next) follow(options);
  return *drain ? drained(options) : count(options);
}
