#include "kafka_harness.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "fealty/log/log.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

Broker::Broker(bool own) {
  if (const char* dir = std::getenv("FEALTY_BROKER_DIR"); dir != nullptr && !own) {
    dir_ = dir;
  } else {
    started_ = true;
    dir_ = fmt::format("/tmp/fealty-broker-test.{}{}", getpid(), own ? ".own" : "");
    const std::string command =
        fmt::format("{}/tests/broker/broker.sh start --dir {} --sasl anna:secret {} --watch {} >&2",
                    FEALTY_SOURCE_DIR, dir_, own ? "--proxied" : "", getpid());
    expect(std::system(command.c_str()) == 0, "no broker");
  }
  bootstrap_ = first_line(dir_ + "/bootstrap");
  sasl_bootstrap_ = first_line(dir_ + "/bootstrap.sasl");
  oauth_bootstrap_ = first_line(dir_ + "/bootstrap.oauth");
  expect(!bootstrap_.empty(), "no broker in " + dir_);
  if (std::ifstream ports{dir_ + "/proxied"}; ports) ports >> behind_proxy_port_ >> proxied_port_;
}

Broker::~Broker() {
  if (!started_) return;
  const std::string command =
      fmt::format("{}/tests/broker/broker.sh stop --dir {} >&2", FEALTY_SOURCE_DIR, dir_);
  static_cast<void>(std::system(command.c_str()));
}

const Broker& Broker::get() {
  static const Broker broker{false};
  return broker;
}

Broker Broker::own() { return Broker{true}; }

void produce(const std::string& topic, std::int32_t partition,
             const std::vector<std::string>& values, const Settings& headers,
             std::optional<std::string> key) {
  rd_kafka_t* rk =
      raw_client(RD_KAFKA_PRODUCER, {}, {{"linger.ms", "1"}, {"enable.idempotence", "true"}});
  void* const key_data = key ? key->data() : nullptr;
  const std::size_t key_size = key ? key->size() : 0;
  for (const auto& value : values) {
    rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
    for (const auto& [name, text] : headers) {
      rd_kafka_header_add(list, name.c_str(), -1, text.data(), static_cast<ssize_t>(text.size()));
    }
    const auto code = rd_kafka_producev(
        rk, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_KEY(key_data, key_size),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()), RD_KAFKA_V_HEADERS(list),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    expect(code == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(code));
  }
  expect(rd_kafka_flush(rk, 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR, "not acknowledged");
  rd_kafka_destroy(rk);
}

std::vector<Message> read_all(const std::string& topic, Until until, const std::string& bootstrap) {
  rd_kafka_t* rk = raw_client(RD_KAFKA_CONSUMER, bootstrap,
                              {{"group.id", "reader"},
                               {"enable.partition.eof", "true"},
                               {"isolation.level", "read_committed"},
                               {"fetch.wait.max.ms", "10"}});
  const struct rd_kafka_metadata* metadata = nullptr;
  rd_kafka_topic_t* handle = rd_kafka_topic_new(rk, topic.c_str(), nullptr);
  expect(rd_kafka_metadata(rk, 0, handle, &metadata, 30'000) == RD_KAFKA_RESP_ERR_NO_ERROR,
         "metadata");
  int left = metadata->topics[0].partition_cnt;
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(left);
  for (int i = 0; i < left; ++i) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(rk, list);
  std::vector<Message> out;
  const auto end = std::chrono::steady_clock::now() + patience;
  while (left > 0) {
    expect(std::chrono::steady_clock::now() < end, "the topic has no end: " + topic);
    rd_kafka_message_t* message = rd_kafka_consumer_poll(rk, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      std::int64_t low = 0, high = 0;
      rd_kafka_get_watermark_offsets(rk, topic.c_str(), message->partition, &low, &high);
      // A commit is acknowledged before its markers are written everywhere: they come soon.
      if (until == Until::stable || message->offset >= high) --left;
    }
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      out.push_back({std::string{static_cast<char*>(message->key), message->key_len},
                     std::string{static_cast<char*>(message->payload), message->len},
                     message->partition, message->offset});
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  rd_kafka_consumer_close(rk);
  rd_kafka_destroy(rk);
  return out;
}

KafkaOptions options_for(const std::string& name, int partitions) {
  KafkaOptions options;
  options.streams = streams::table;
  const std::string unique = unique_name(name);
  options.brokers = Broker::get().bootstrap();
  options.group = unique;
  options.input_topic = unique + ".events";
  options.output_prefix = unique + ".";
  options.session_timeout = std::chrono::seconds{6};
  options.transaction_timeout = std::chrono::seconds{20};
  options.commit_timeout = std::chrono::seconds{15};
  create_topic(options.input_topic, partitions);
  return options;
}

std::unique_ptr<KafkaBus> connect(const KafkaOptions& options) {
  auto bus = KafkaBus::connect(options);
  if (!bus) throw std::runtime_error{to_string(bus.error())};
  return std::move(*bus);
}

Result<void> Recorder::on_assigned(std::span<const ports::Assignment> partitions) {
  for (const auto& assignment : partitions) {
    owned[assignment.partition] = assignment;
    const auto other = start.find(assignment.partition);
    const auto from = other == start.end() ? assignment.committed : other->second;
    next[assignment.partition] = from;
    if (later.contains(assignment.partition)) continue;
    if (auto done = bus_.source().start_at(assignment.partition, from); !done) return done;
  }
  return {};
}

Result<void> Recorder::on_revoked(std::span<const std::uint32_t> partitions, bool is_lost) {
  std::vector<ports::CommitPosition> positions;
  for (const auto partition : partitions) {
    positions.push_back({.partition = partition, .committed = next[partition]});
    owned.erase(partition);
    ++revoked;
    if (is_lost) ++lost;
  }
  if (commit_on_revoke && !is_lost) return bus_.sink().commit(positions);
  return {};
}

Result<ports::Polled> Recorder::poll_once() {
  auto polled = bus_.source().poll(batch_, 1000, std::chrono::milliseconds{50});
  for (const auto& record : batch_.records) {
    values.emplace_back(record.value);
    next[record.partition] = record.offset + 1;
  }
  return polled;
}

bool Recorder::poll_until(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    if (const auto polled = poll_once(); !polled) {
      ADD_FAILURE() << to_string(polled.error());
      return false;
    }
  }
  return true;
}

}  // namespace fealty::kafka::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  fealty::log::set_level(fealty::log::Level::error);
  return RUN_ALL_TESTS();
}
