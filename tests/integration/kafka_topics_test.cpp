#include <gmock/gmock.h>

#include "kafka_harness.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const Settings by_age{{"cleanup.policy", "delete"}};
const Settings compact{{"cleanup.policy", "compact"}};
const Settings both{{"cleanup.policy", "compact,delete"}};

Error refusal(const KafkaOptions& options) {
  const auto bus = KafkaBus::connect(options);
  return bus ? Error{Errc::usage, "", "it was not refused"} : bus.error();
}
std::string command(const KafkaOptions& options, const std::string& topic,
                    const std::string& policy) {
  return "kafka-configs.sh --bootstrap-server " + options.brokers +
         " --alter --entity-type topics --entity-name " + topic +
         " --add-config cleanup.policy=" + policy;
}

struct Collect : ports::Changelog::Visitor {
  std::vector<std::string> seen;
  Result<void> apply(std::string_view key, std::string_view) override {
    seen.emplace_back(key);
    return {};
  }
};

/// A worker that saved `keys` in the changelog, a commit each.
void save(const KafkaOptions& options, const std::vector<std::string>& keys) {
  auto bus = connect(options);
  Recorder worker{*bus};
  ASSERT_TRUE(bus->source().open(worker));
  ASSERT_TRUE(worker.poll_until([&] { return !worker.owned.empty(); }));
  for (const auto& key : keys) {
    OutputBuffer out;
    out.add(streams::changelog, 0, key, "version");
    std::vector<CommitPosition> positions{{.partition = 0, .committed = 0}};
    ASSERT_TRUE(bus->sink().append(out));
    ASSERT_TRUE(bus->sink().commit(positions));
  }
}

TEST(KafkaTopics, ACompactedInputIsRefusedWithWhatToSet) {
  const auto options = options_for("compacted");
  alter_topic(options.input_topic, both);

  const Error error = refusal(options);

  EXPECT_EQ(error.code, Errc::broker_refused);
  EXPECT_THAT(error.detail,
              AllOf(HasSubstr(options.input_topic + " has cleanup.policy=compact,delete"),
                    HasSubstr(command(options, options.input_topic, "delete"))));
}

TEST(KafkaTopics, AChangelogWithDeleteIsRefusedEvenBesideCompact) {
  for (const Settings& settings : {by_age, both}) {
    const auto options = options_for("retained");
    const std::string changelog = options.output_prefix + "changelog";
    create_topic(changelog, 1, settings);

    const Error error = refusal(options);

    EXPECT_EQ(error.code, Errc::broker_refused);
    EXPECT_THAT(error.detail,
                AllOf(HasSubstr(changelog + " has cleanup.policy=" + settings[0].second),
                      HasSubstr(command(options, changelog, "compact"))));
  }
}

TEST(KafkaTopics, EveryUnfitTopicIsNamedAtOnce) {
  const auto options = options_for("unfit");
  create_topic(options.output_prefix + "notices", 1, compact);
  create_topic(options.output_prefix + "ledger", 1, both);
  create_topic(options.output_prefix + "members", 1, by_age);
  create_topic(options.output_prefix + "deadletters", 1, compact);

  const Error error = refusal(options);

  EXPECT_EQ(error.code, Errc::broker_refused);
  EXPECT_THAT(error.detail,
              AllOf(HasSubstr(command(options, options.output_prefix + "notices", "delete")),
                    HasSubstr(command(options, options.output_prefix + "ledger", "delete")),
                    HasSubstr(command(options, options.output_prefix + "members", "compact")),
                    HasSubstr(command(options, options.output_prefix + "deadletters", "delete"))));
}

TEST(KafkaTopics, SnapshotsThatExpireAfterAWhileAreTheirOwnersChoice) {
  const auto options = options_for("snapshots");
  create_topic(options.output_prefix + "members", 1, both);
  const auto bus = KafkaBus::connect(options);
  EXPECT_TRUE(bus) << to_string(bus.error());
}

TEST(KafkaTopics, WithoutTheRightToAskForSettingsTheWorkerStartsAllTheSame) {
  auto options = options_for("hidden");
  connect(options).reset();  // makes the topics
  alter_topic(options.input_topic, compact);
  options.brokers = Broker::get().sasl_bootstrap();
  options.security_protocol = "sasl_plaintext";
  options.sasl_username = "anna";
  options.sasl_password = "secret";
  EXPECT_EQ(refusal(options).code, Errc::broker_refused) << "anna may ask so far";

  hide_settings("anna", options.group);

  const auto bus = KafkaBus::connect(options);
  EXPECT_TRUE(bus) << to_string(bus.error());
}

TEST(KafkaChangelog, OneWithoutItsBeginningFillsNoEmptyStore) {
  // Given a changelog that was cleaned by age for a while.
  const auto options = options_for("beginning");
  ASSERT_NO_FATAL_FAILURE(save(options, {"m.anna", "m.ben", "m.cleo"}));
  const std::string changelog = options.output_prefix + "changelog";
  alter_topic(changelog, both);
  delete_before(changelog, 0, 2);  // The record of anna, and its commit.
  alter_topic(changelog, compact);

  auto bus = connect(options);
  Collect visitor;
  const auto empty = ports::read_all(bus->changelog(), 0, 0, visitor);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, Errc::input_gap);
  EXPECT_THAT(empty.error().detail,
              AllOf(HasSubstr(changelog + "[0]"), HasSubstr("beginning was deleted"),
                    HasSubstr("it holds 2 to 6"), HasSubstr("cleanup.policy must be compact")));

  // A store that got that far already may go on.
  EXPECT_TRUE(ports::read_all(bus->changelog(), 0, 2, visitor));
  EXPECT_THAT(visitor.seen, ElementsAre("m.ben", "m.cleo"));
}

TEST(KafkaChangelog, EmptyPartitionsAreOpenedWithoutAWait) {
  const auto options = options_for("empty", 64);
  auto bus = connect(options);
  Collect visitor;
  ASSERT_TRUE(ports::read_all(bus->changelog(), 0, 0, visitor));
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint32_t partition = 1; partition < 64; ++partition) {
    const auto position = ports::read_all(bus->changelog(), partition, 0, visitor);
    ASSERT_TRUE(position) << to_string(position.error());
    EXPECT_EQ(*position, 0u);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
}

TEST(KafkaChangelog, SeveralReadersGoOnAStepAtATime) {
  const auto options = options_for("steps", 2);
  auto bus = connect(options);
  const auto append = [&](std::uint32_t partition, std::string_view key) {
    OutputBuffer out;
    out.add(streams::changelog, partition, key, "version");
    ASSERT_TRUE(bus->sink().append(out));
  };
  for (const std::uint32_t partition : {0, 1}) append(partition, "m.anna");
  ASSERT_TRUE(bus->sink().commit({}));
  // Given that the end of one of them is still open.
  append(1, "m.ben");
  await_end(options.output_prefix + "changelog", 1, 3);

  Collect first, second;
  auto one = bus->changelog().open(0, 0);
  auto other = bus->changelog().open(1, 0);
  ASSERT_TRUE(one && other);
  const std::chrono::milliseconds budget{20};
  bool one_done = false;
  const auto end = std::chrono::steady_clock::now() + patience;
  while ((!one_done || second.seen.empty()) && std::chrono::steady_clock::now() < end) {
    const auto stepped = (*one)->step(first, budget);
    ASSERT_TRUE(stepped) << to_string(stepped.error());
    one_done = *stepped;
    const auto waits = (*other)->step(second, budget);
    ASSERT_TRUE(waits) << to_string(waits.error());
    EXPECT_FALSE(*waits);
  }
  EXPECT_THAT(first.seen, ElementsAre("m.anna"));
  EXPECT_THAT(second.seen, ElementsAre("m.anna"));

  // When that is committed, the other comes to its end, too.
  ASSERT_TRUE(bus->sink().commit({}));
  bool other_done = false;
  while (!other_done && std::chrono::steady_clock::now() < end) {
    const auto stepped = (*other)->step(second, budget);
    ASSERT_TRUE(stepped) << to_string(stepped.error());
    other_done = *stepped;
  }
  EXPECT_THAT(second.seen, ElementsAre("m.anna", "m.ben"));
  EXPECT_GE((*other)->position(), 3u);
}

}  // namespace
}  // namespace fealty::kafka::test
