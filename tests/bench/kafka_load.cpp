// kafka_load: lines of a recorded log -> a topic, keyed by member, partitioned as Java clients do.
// One record a line, in order; prints {"records":..,"bytes":..,"seconds":..,"keyless":..} at the
// end.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <string_view>

#include "kafka_client.hpp"

namespace {

using namespace std::string_view_literals;
using fealty::tools::fail;

struct Arguments {
  std::string brokers = "localhost:9092", topic = "events", file = "-", key_field = "subject";
  int key_column = 0, partitions = 0, linger_ms = 20;
  std::uint64_t skip_lines = 0, rate = 0;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  CLI::App app{"Lines of a recorded log -> a Kafka topic, keyed by member"};
  app.add_option("--brokers", a.brokers)->capture_default_str();
  app.add_option("--topic", a.topic)->capture_default_str();
  app.add_option("--partitions", a.partitions, "Create the topic with so many where it is missing");
  app.add_option("--key-field", a.key_field, "JSON field whose text is the key")
      ->capture_default_str();
  app.add_option("--key-column", a.key_column, "Column that is the key instead (1 = first)");
  app.add_option("--skip-lines", a.skip_lines, "Header lines to leave out");
  app.add_option("--rate", a.rate, "Records a second; 0 = as fast as it goes")
      ->capture_default_str();
  app.add_option("--linger", a.linger_ms, "ms")->capture_default_str();
  app.add_option("--log,log", a.file, "Log file, - for stdin")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : 2);
  }
  return a;
}

/// The text of `"field": "text"`, of its first occurrence; empty where there is none.
std::string_view json_text(std::string_view line, std::string_view quoted_field) {
  auto at = line.find(quoted_field);
  if (at == line.npos) return {};
  at = line.find_first_not_of(": \t", at + quoted_field.size());
  if (at == line.npos || line[at] != '"') return {};
  const auto end = line.find('"', at + 1);
  return end == line.npos ? std::string_view{} : line.substr(at + 1, end - at - 1);
}

/// Column `number` of a line of blank-, tab-, comma- or semicolon-separated columns.
std::string_view column(std::string_view line, int number) {
  constexpr auto separators = " \t,;"sv;
  std::size_t at = line.find_first_not_of(separators);
  for (int i = 1; i < number && at != line.npos; ++i) {
    at = line.find_first_of(separators, at);
    if (at != line.npos) at = line.find_first_not_of(separators, at);
  }
  if (at == line.npos) return {};
  return line.substr(at, line.find_first_of(separators, at) - at);
}

void create_topic(rd_kafka_t* rk, const Arguments& a) {
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(a.topic.c_str(), a.partitions, -1, nullptr, 0);
  rd_kafka_queue_t* queue = rd_kafka_queue_new(rk);
  rd_kafka_CreateTopics(rk, &wanted, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
  if (event == nullptr) fail("no answer from " + a.brokers);
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(rd_kafka_event_error_string(event));
  }
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(wanted);
}

int undelivered = 0;  // NOLINT: written by the callback below, read by main

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && undelivered++ == 0) {
    std::cerr << "not delivered: " << rd_kafka_err2str(message->err) << "\n";
  }
}

rd_kafka_t* make_producer(const Arguments& a) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> reason{};
  const fealty::tools::Properties properties{{"bootstrap.servers", a.brokers},
                                             {"enable.idempotence", "true"},
                                             {"partitioner", "murmur2_random"},
                                             {"delivery.report.only.error", "true"},
                                             {"compression.codec", "lz4"},
                                             {"queue.buffering.max.messages", "1000000"},
                                             {"queue.buffering.max.kbytes", "524288"},
                                             {"linger.ms", std::to_string(a.linger_ms)}};
  for (const auto& [key, value] : properties) {
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason.data(), reason.size()) !=
        RD_KAFKA_CONF_OK) {
      fail(reason.data());
    }
  }
  rd_kafka_conf_set_dr_msg_cb(conf, &on_delivery);
  rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason.data(), reason.size());
  if (rk == nullptr) fail(reason.data());
  return rk;
}

void send(rd_kafka_t* rk, rd_kafka_topic_t* topic, std::string_view key, std::string_view line) {
  auto* payload = const_cast<char*>(line.data());  // copied, never written to
  while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, payload, line.size(),
                          key.empty() ? nullptr : key.data(), key.size(), nullptr) != 0) {
    const auto code = rd_kafka_last_error();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(code));
    rd_kafka_poll(rk, 10);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments a = parse(argc, argv);
  std::ios::sync_with_stdio(false);
  std::ifstream file;
  if (a.file != "-") {
    file.open(a.file);
    if (!file) fail("cannot read " + a.file);
  }
  std::istream& input = a.file == "-" ? std::cin : file;

  rd_kafka_t* rk = make_producer(a);
  if (a.partitions > 0) create_topic(rk, a);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(rk, a.topic.c_str(), nullptr);
  const std::string quoted_field = '"' + a.key_field + '"';
  const fealty::tools::Stopwatch watch;
  std::uint64_t records = 0, bytes = 0, keyless = 0, lines = 0;
  std::string line;
  while (std::getline(input, line)) {
    if (lines++ < a.skip_lines || line.empty()) continue;
    const auto key = a.key_column > 0 ? column(line, a.key_column) : json_text(line, quoted_field);
    keyless += key.empty() ? 1 : 0;
    send(rk, topic, key, line);
    ++records;
    bytes += line.size();
    if (records % 1024 == 0 && a.rate == 0) rd_kafka_poll(rk, 0);
    while (a.rate > 0 &&
           static_cast<double>(records) > watch.wall_s() * static_cast<double>(a.rate)) {
      rd_kafka_poll(rk, 1);  // Ahead of the rate.
    }
  }
  if (rd_kafka_flush(rk, 120'000) != RD_KAFKA_RESP_ERR_NO_ERROR || undelivered > 0) {
    fail("some records were not acknowledged by " + a.brokers);
  }
  std::cout << "{\"records\":" << records << ",\"bytes\":" << bytes << ",\"keyless\":" << keyless
            << ",\"seconds\":" << watch.wall_s() << "}\n";
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(rk);
  return 0;
}
