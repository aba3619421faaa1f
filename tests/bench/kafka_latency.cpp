// kafka_latency: produces events at a steady rate, each with the wall clock in its id, reads the
// notices as a read_committed consumer, and reports the time from produce to notice (a notice names
// the id of its cause). Events without a notice are sent all the same and do not count. JSON to
// stdout.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using WallClock = std::chrono::system_clock;
using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view id_mark = "lat-";

struct Options {
  std::string brokers, topic = "events", notices = "fealty.notices", log;
  double rate_eps = 10'000, seconds = 10, warmup_s = 3, patience_s = 10;
};

[[noreturn]] void die(std::string_view what) {
  fmt::print(stderr, "kafka_latency: {}\n", what);
  std::exit(1);
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(WallClock::now().time_since_epoch())
      .count();
}

using Settings = std::vector<std::pair<const char*, std::string>>;

rd_kafka_t* make_client(rd_kafka_type_t type, const Settings& settings) {
  char error[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [key, value] : settings) {
    if (rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      die(error);
    }
  }
  rd_kafka_t* const client = rd_kafka_new(type, conf, error, sizeof error);
  if (client == nullptr) die(error);
  return client;
}

/// An event, cut where its id is replaced.
struct Template {
  std::string before, after, key;
};

std::string_view text_of(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + name.size();
  const std::size_t end = line.find('"', begin);
  return end == std::string_view::npos ? std::string_view{} : line.substr(begin, end - begin);
}

std::vector<Template> read_templates(const Options& options) {
  std::ifstream file{options.log};
  if (!file) die("cannot read " + options.log);
  const auto wanted = static_cast<std::size_t>(options.rate_eps * options.seconds) + 1;
  std::vector<Template> events;
  for (std::string line; events.size() < wanted && std::getline(file, line);) {
    const std::string_view id = text_of(line, R"("id":")");
    const std::string_view member = text_of(line, R"("subject":")");
    if (id.empty() || member.empty()) continue;
    const auto at = static_cast<std::size_t>(id.data() - line.data());
    events.push_back({line.substr(0, at), line.substr(at + id.size()), std::string{member}});
  }
  if (events.empty()) die("no events in " + options.log);
  return events;
}

/// Reads the notices from their present end on.
class Notices {
 public:
  explicit Notices(const Options& options)
      : client_{make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", options.brokers},
                                                {"group.id", "kafka-latency"},
                                                {"isolation.level", "read_committed"},
                                                {"enable.auto.commit", "false"},
                                                {"fetch.wait.max.ms", "5"}})} {
    rd_kafka_poll_set_consumer(client_);
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_topic_t* const topic = rd_kafka_topic_new(client_, options.notices.c_str(), nullptr);
    if (rd_kafka_metadata(client_, 0, topic, &metadata, 10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      die("no metadata of " + options.notices);
    }
    const int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; ++i) {
      std::int64_t low = 0, high = 0;
      if (rd_kafka_query_watermark_offsets(client_, options.notices.c_str(), i, &low, &high,
                                           10'000) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        die("no end of " + options.notices);
      }
      rd_kafka_topic_partition_list_add(list, options.notices.c_str(), i)->offset = high;
    }
    if (rd_kafka_assign(client_, list) != RD_KAFKA_RESP_ERR_NO_ERROR) die("assign failed");
    rd_kafka_topic_partition_list_destroy(list);
  }
  ~Notices() {
    rd_kafka_consumer_close(client_);
    rd_kafka_destroy(client_);
  }
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /// Until `sent_all` and then nothing more for `patience_s`.
  void read(const std::atomic<bool>& sent_all, std::int64_t count_from_ns, double patience_s) {
    auto last = SteadyClock::now();
    while (!sent_all.load() ||
           SteadyClock::now() - last < std::chrono::duration<double>(patience_s)) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_, 50);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const std::string_view text{static_cast<const char*>(message->payload), message->len};
        const std::size_t at = text.find(id_mark);
        if (at != std::string_view::npos) {
          const std::int64_t sent_ns = std::strtoll(text.data() + at + id_mark.size(), nullptr, 10);
          if (sent_ns >= count_from_ns) took_ns_.push_back(now_ns() - sent_ns);
          last = SteadyClock::now();
        }
      }
      rd_kafka_message_destroy(message);
    }
    std::sort(took_ns_.begin(), took_ns_.end());
  }
  [[nodiscard]] double quantile_ms(double q) const {
    if (took_ns_.empty()) return -1;
    const auto at = static_cast<std::size_t>(q * static_cast<double>(took_ns_.size() - 1));
    return static_cast<double>(took_ns_[at]) / 1e6;
  }
  [[nodiscard]] std::size_t count() const { return took_ns_.size(); }

 private:
  rd_kafka_t* client_;
  std::vector<std::int64_t> took_ns_;
};

void produce_one(rd_kafka_t* producer, const Options& options, const Template& event,
                 std::string& text, std::size_t number) {
  text.assign(event.before);
  fmt::format_to(std::back_inserter(text), "{}{}-{}", id_mark, now_ns(), number);
  text.append(event.after);
  while (true) {
    const auto error = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(options.topic.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(event.key.data(), event.key.size()),
        RD_KAFKA_V_VALUE(text.data(), text.size()), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) die(rd_kafka_err2str(error));
    rd_kafka_poll(producer, 1);
  }
}

/// Sends at the rate; returns the rate reached, in events per second.
double produce(const Options& options, const std::vector<Template>& events) {
  rd_kafka_t* const producer =
      make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", options.brokers},
                                      {"partitioner", "murmur2_random"},
                                      {"queue.buffering.max.messages", "1000000"},
                                      {"linger.ms", "5"},
                                      {"compression.codec", "lz4"}});
  std::string text;
  const auto begun = SteadyClock::now();
  std::size_t sent = 0;
  while (sent < events.size()) {
    const std::chrono::duration<double> passed = SteadyClock::now() - begun;
    const auto due = static_cast<std::size_t>(passed.count() * options.rate_eps);
    for (; sent < std::min(due, events.size()); ++sent) {
      produce_one(producer, options, events[sent], text, sent);
    }
    rd_kafka_poll(producer, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  const std::chrono::duration<double> took = SteadyClock::now() - begun;
  rd_kafka_flush(producer, 10'000);
  rd_kafka_destroy(producer);
  return static_cast<double>(sent) / took.count();
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Time from produce to a read_committed notice at a steady rate"};
  app.add_option("--brokers", options.brokers)->required();
  app.add_option("--topic", options.topic, "Input topic")->capture_default_str();
  app.add_option("--notices", options.notices, "Notices topic")->capture_default_str();
  app.add_option("--log", options.log, "CloudEvents, one a line: the traffic")->required();
  app.add_option("--rate", options.rate_eps, "Events a second")->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  app.add_option("--warmup", options.warmup_s, "Seconds that do not count")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const std::vector<Template> events = read_templates(options);
  Notices notices{options};
  std::atomic<bool> sent_all{false};
  const std::int64_t count_from_ns = now_ns() + static_cast<std::int64_t>(options.warmup_s * 1e9);
  std::thread reader{[&] { notices.read(sent_all, count_from_ns, options.patience_s); }};
  const double rate_eps = produce(options, events);
  sent_all = true;
  reader.join();
  fmt::print(
      "{{\"sent\": {}, \"rate_eps\": {:.0f}, \"notices\": {}, \"p50_ms\": {:.2f}, \"p90_ms\": "
      "{:.2f}, "
      "\"p99_ms\": {:.2f}, \"p999_ms\": {:.2f}, \"max_ms\": {:.2f}}}\n",
      events.size(), rate_eps, notices.count(), notices.quantile_ms(0.5), notices.quantile_ms(0.9),
      notices.quantile_ms(0.99), notices.quantile_ms(0.999), notices.quantile_ms(1));
  if (notices.count() == 0) die("no notice came back");
  return 0;
}
