#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/kafka/bus.hpp"

namespace fealty::kafka::test {

/// The broker of this test run: that of ctest's fixture ($FEALTY_BROKER_DIR), of `broker.sh run`,
/// or one started for this process alone.
class Broker {
 public:
  static const Broker& get();
  /// One more, for a test that hurts it.
  static Broker own();
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  /// Stops it in its tracks, connections open; and lets it go on.
  void freeze() const;
  void thaw() const;
  [[nodiscard]] const std::string& bootstrap() const { return bootstrap_; }
  [[nodiscard]] const std::string& sasl_bootstrap() const { return sasl_bootstrap_; }

 private:
  explicit Broker(bool own);
  std::string dir_, bootstrap_, sasl_bootstrap_;
  bool started_ = false;
};

struct Message {
  std::string key, value;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend bool operator==(const Message&, const Message&) = default;
};

/// A topic name that no other test uses.
std::string unique_name(std::string_view stem);
/// `bootstrap`: of another broker than that of this test run.
void create_topic(const std::string& topic, int partitions, const std::string& bootstrap = {});
/// Moves the low watermark, as retention does.
void delete_before(const std::string& topic, std::int32_t partition, std::int64_t offset);
/// Produces without a transaction and waits for the acknowledgements.
void produce(const std::string& topic, std::int32_t partition,
             const std::vector<std::string>& values,
             const std::vector<std::pair<std::string, std::string>>& headers = {});
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
  bool commit_on_revoke = false;
  std::map<std::uint32_t, ports::Offset> start;  // instead of the committed offset

  /// Polls until `done`, for a bounded time; false where it ran out.
  bool poll_until(const std::function<bool()>& done);
  Result<ports::Polled> poll_once();

 private:
  KafkaBus& bus_;
  ports::InputBatch batch_;
};

}  // namespace fealty::kafka::test
