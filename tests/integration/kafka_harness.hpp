#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/kafka/bus.hpp"
#include "kafka_admin.hpp"

namespace fealty::kafka::test {

/// The broker of this test run: that of ctest's fixture ($FEALTY_BROKER_DIR), of `broker.sh run`,
/// or one started for this process alone.
class Broker {
 public:
  static const Broker& get();
  /// One more, for a test that hurts it: its brokers say that they are reached at proxied_port().
  static Broker own();
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  [[nodiscard]] const std::string& bootstrap() const { return bootstrap_; }
  [[nodiscard]] const std::string& sasl_bootstrap() const { return sasl_bootstrap_; }
  [[nodiscard]] const std::string& oauth_bootstrap() const { return oauth_bootstrap_; }
  /// Only of one's own(): a listener of the broker, and the port at which it says that this is.
  [[nodiscard]] std::uint16_t behind_proxy_port() const { return behind_proxy_port_; }
  [[nodiscard]] std::uint16_t proxied_port() const { return proxied_port_; }

 private:
  explicit Broker(bool own);
  std::string dir_, bootstrap_, sasl_bootstrap_, oauth_bootstrap_;
  std::uint16_t behind_proxy_port_ = 0, proxied_port_ = 0;
  bool started_ = false;
};

struct Message {
  std::string key, value;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const Message&, const Message&) = default;
};

/// Produces without a transaction and waits for the acknowledgements. All with one key, or none.
void produce(const std::string& topic, std::int32_t partition,
             const std::vector<std::string>& values, const Settings& headers = {},
             std::optional<std::string> key = std::nullopt);
/// Up to where: `end` waits until no transaction is open; `stable` is what is visible now.
enum class Until : std::uint8_t { end, stable };
/// Everything that a read_committed consumer sees in the topic.
std::vector<Message> read_all(const std::string& topic, Until until = Until::end,
                              const std::string& bootstrap = {});

/// Options for one test: own topics, group and transactional id; short timeouts.
KafkaOptions options_for(const std::string& name, int partitions = 1);
std::unique_ptr<KafkaBus> connect(const KafkaOptions& options);

/// A listener that starts each partition where it stands and writes down what it is told.
class Recorder : public ports::AssignmentListener {
 public:
  explicit Recorder(KafkaBus& bus) : bus_{bus} {}
  Result<void> on_assigned(std::span<const ports::Assignment> partitions) override;
  Result<void> on_revoked(std::span<const std::uint32_t> partitions, bool lost) override;

  std::map<std::uint32_t, ports::Assignment> owned;
  std::map<std::uint32_t, ports::Offset> next;  // by what was polled
  std::vector<std::string> values;
  std::size_t revoked = 0;
  std::size_t lost = 0;  // of those
  bool commit_on_revoke = false;
  std::set<std::uint32_t> later;                 // not started when assigned
  std::map<std::uint32_t, ports::Offset> start;  // instead of the committed offset

  /// Polls until `done`, for a bounded time; false where it ran out.
  bool poll_until(const std::function<bool()>& done);
  Result<ports::Polled> poll_once();

 private:
  KafkaBus& bus_;
  ports::InputBatch batch_;
};

}  // namespace fealty::kafka::test
