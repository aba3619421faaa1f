#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>

#include "fealty/kafka/live_check.hpp"
#include "kafka_harness.hpp"

namespace fealty::kafka::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// As a user whose rights can be taken away, all topics made.
KafkaOptions as_anna(const std::string& name) {
  auto options = options_for(name);
  connect(options).reset();  // makes the topics
  options.brokers = Broker::get().sasl_bootstrap();
  options.security_protocol = "sasl_plaintext";
  options.sasl_username = "anna";
  options.sasl_password = "secret";
  return options;
}

Finding found(const std::vector<Finding>& all, std::string_view check) {
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Finding& one) { return one.check == check; });
  if (at != all.end()) return *at;
  ADD_FAILURE() << "no line about " << check;
  return {};
}

std::vector<std::string> failures(const std::vector<Finding>& all) {
  std::vector<std::string> out;
  for (const auto& one : all) {
    if (one.verdict == Verdict::failed) out.push_back(one.check + ": " + one.reason);
  }
  return out;
}

TEST(LiveCheck, WhereAllIsWellEachThingWasTried) {
  auto options = options_for("live-well", 2);
  connect(options).reset();
  const auto all = check_live(options, {{0, 0}});
  EXPECT_THAT(failures(all), testing::IsEmpty());
  for (const auto& check :
       {std::string{"brokers"}, "topic " + options.input_topic, "read " + options.input_topic,
        "read " + options.output_prefix + "changelog", "write " + options.output_prefix + "notices",
        "group " + options.group, "group " + options.group + "-reader",
        "transactional id " + options.effective_transactional_id() + "-check",
        "commit for group " + options.group, "retention " + options.input_topic,
        std::string{"clock"}}) {
    EXPECT_EQ(found(all, check).verdict, Verdict::ok) << check << ": " << found(all, check).reason;
  }
  // One broker only: that is worth a warning, not more.
  EXPECT_EQ(found(all, "replicas " + options.input_topic).verdict, Verdict::warning);
  // Nothing of what was tried is to be seen.
  EXPECT_THAT(read_all(options.output_prefix + "notices"), testing::IsEmpty());
}

TEST(LiveCheck, MissingTopicsAreFailuresWithTheirCommandOrWouldBeMade) {
  auto options = options_for("live-missing");
  options.create_topics = false;
  const auto refused = check_live(options, {});
  const auto topic = found(refused, "topic " + options.output_prefix + "changelog");
  EXPECT_EQ(topic.verdict, Verdict::failed);
  EXPECT_THAT(topic.mend, AllOf(HasSubstr("kafka-topics.sh"), HasSubstr("--partitions 1"),
                                HasSubstr("cleanup.policy=compact"), HasSubstr(options.brokers)));
  options.create_topics = true;
  EXPECT_THAT(failures(check_live(options, {})), testing::IsEmpty());
  options.replication_factor = 7;
  EXPECT_EQ(found(check_live(options, {}), "create " + options.output_prefix + "notices").verdict,
            Verdict::failed);
}

TEST(LiveCheck, ATopicOfTheWrongPolicyAndAnInputThatIsGoneAreNamed) {
  auto options = options_for("live-policy");
  connect(options).reset();
  alter_topic(options.output_prefix + "changelog", {{"cleanup.policy", "delete"}});
  produce(options.input_topic, 0, {"a", "b", "c"});
  delete_before(options.input_topic, 0, 2);
  const auto all = check_live(options, {{0, 1}});
  const auto policy = found(all, "settings " + options.output_prefix + "changelog");
  EXPECT_EQ(policy.verdict, Verdict::failed);
  EXPECT_THAT(policy.mend, AllOf(HasSubstr("kafka-configs.sh"), HasSubstr("=compact")));
  const auto gap = found(all, "retention " + options.input_topic);
  EXPECT_EQ(gap.verdict, Verdict::failed);
  EXPECT_THAT(gap.reason, AllOf(HasSubstr("from 1 on"), HasSubstr("begins at 2")));
}

TEST(LiveCheck, EachRightThatIsMissingIsNamedWithTheCommandThatGivesIt) {
  const auto options = as_anna("live-rights");
  const std::string ledger = options.output_prefix + "ledger";
  deny("anna", RD_KAFKA_RESOURCE_TOPIC, ledger, RD_KAFKA_ACL_OPERATION_WRITE);
  deny("anna", RD_KAFKA_RESOURCE_TOPIC, options.input_topic, RD_KAFKA_ACL_OPERATION_READ);
  deny("anna", RD_KAFKA_RESOURCE_GROUP, options.group, RD_KAFKA_ACL_OPERATION_READ);
  const auto all = check_live(options, {});
  const auto expect_command = [&](const std::string& check, const std::string& words) {
    const auto one = found(all, check);
    EXPECT_EQ(one.verdict, Verdict::failed) << check;
    EXPECT_EQ(one.code, Errc::broker_refused) << check;
    EXPECT_THAT(one.mend,
                AllOf(HasSubstr("kafka-acls.sh"), HasSubstr("'User:anna'"), HasSubstr(words)))
        << check;
  };
  expect_command("write " + ledger, "--operation Write --topic '" + ledger + "'");
  expect_command("read " + options.input_topic, "--operation Read --topic");
  expect_command("commit for group " + options.group, "--operation Read --group");
  EXPECT_EQ(found(all, "write " + options.output_prefix + "notices").verdict, Verdict::ok);
}

TEST(LiveCheck, BesideAWorkerItFencesNobodyAndMovesNothing) {
  const auto options = options_for("live-beside");
  auto bus = connect(options);
  Recorder recorder{*bus};
  ASSERT_TRUE(bus->source().open(recorder));
  produce(options.input_topic, 0, {"a", "b"});
  ASSERT_TRUE(recorder.poll_until([&] { return recorder.values.size() == 2; }));
  EXPECT_EQ(bus->lag().records, 0U);

  // When it is checked while a transaction of the worker is open.
  ports::OutputBuffer out;
  out.add(ports::Stream{0}, 0, "k", "v");
  ASSERT_TRUE(bus->sink().append(out));
  EXPECT_THAT(failures(check_live(options, {})), testing::IsEmpty());

  // Then the worker commits it, and nothing was taken away from it.
  std::vector<ports::CommitPosition> positions{{.partition = 0, .committed = 2}};
  const auto committed = bus->sink().commit(positions);
  EXPECT_TRUE(committed) << to_string(committed.error());
  EXPECT_EQ(recorder.revoked, 0U);
}

TEST(Lag, SaysHowManyRecordsOfItsPartitionsAWorkerHasNotPolled) {
  const auto options = options_for("lag");
  auto bus = connect(options);
  produce(options.input_topic, 0, {"a", "b", "c", "d", "e"});
  Recorder recorder{*bus};
  ASSERT_TRUE(bus->source().open(recorder));
  EXPECT_EQ(bus->lag().records, 0U) << "nothing is known before something was fetched";
  const auto take = [&](std::size_t count) {
    ports::InputBatch batch;
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (count > 0 && std::chrono::steady_clock::now() < give_up) {
      ASSERT_TRUE(bus->source().poll(batch, count, std::chrono::milliseconds{100}));
      count -= batch.records.size();
    }
  };
  take(2);
  EXPECT_EQ(bus->lag().records, 3U);
  EXPECT_EQ(bus->lag().worst, 3U);
  EXPECT_EQ(bus->lag().worst_partition, 0U);
  take(3);
  EXPECT_EQ(bus->lag().records, 0U);
}

TEST(LiveCheck, NobodyThereIsOneFailureWithinTheStatedTime) {
  KafkaOptions options;
  options.streams = {};
  options.brokers = "127.0.0.1:1";
  options.start_timeout = std::chrono::seconds{2};
  const auto begun = std::chrono::steady_clock::now();
  const auto all = check_live(options, {});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{6});
  EXPECT_EQ(all.back().check, "brokers");
  EXPECT_EQ(all.back().code, Errc::broker_unreachable);
}

TEST(LiveCheck, WrongCredentialsAreToldFromADeadBroker) {
  auto options = as_anna("live-password");
  options.sasl_password = "guess";
  const auto all = check_live(options, {});
  EXPECT_EQ(all.back().check, "brokers");
  EXPECT_EQ(all.back().code, Errc::broker_refused);
}

}  // namespace
}  // namespace fealty::kafka::test
