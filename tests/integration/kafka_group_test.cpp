#include <gmock/gmock.h>

#include "kafka_harness.hpp"

namespace fealty::kafka::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(KafkaGroup, ASecondWorkerTakesPartitionsOverWhereTheFirstCommitted) {
  auto options = options_for("rebalance", 4);
  for (int partition = 0; partition < 4; ++partition)
    produce(options.input_topic, partition, {"a", "b"});
  auto bus = connect(options);
  Recorder first{*bus};
  first.commit_on_revoke = true;
  ASSERT_TRUE(bus->source().open(first));
  ASSERT_TRUE(first.poll_until([&] { return first.values.size() == 8; }));

  // When another worker joins.
  options.transactional_id = options.group + "-second";
  auto other_bus = connect(options);
  Recorder second{*other_bus};
  ASSERT_TRUE(other_bus->source().open(second));
  ASSERT_TRUE(second.poll_until([&] {
    EXPECT_TRUE(first.poll_once());
    return second.owned.size() == 2 && first.owned.size() == 2;
  }));

  // Then two partitions moved, committed before they went, and nothing came twice.
  EXPECT_EQ(first.revoked, 2u);
  for (const auto& [partition, assignment] : second.owned) {
    EXPECT_EQ(assignment.committed, 2u);
    EXPECT_FALSE(first.owned.contains(partition));
  }
  EXPECT_THAT(second.values, IsEmpty());

  // And when it leaves, they come back.
  second.commit_on_revoke = true;
  other_bus.reset();
  ASSERT_TRUE(first.poll_until([&] { return first.owned.size() == 4; }));
  EXPECT_THAT(first.values, SizeIs(8));
}

TEST(KafkaGroup, AMissingInputTopicIsNamedWithTheWayOut) {
  auto options = options_for("missing");
  options.input_topic = unique_name("no-such-topic");
  const auto bus = KafkaBus::connect(options);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::broker_refused);
  EXPECT_THAT(bus.error().detail, HasSubstr(options.input_topic));
  EXPECT_THAT(bus.error().detail, HasSubstr("Create it"));
}

TEST(KafkaGroup, AMissingOutputTopicIsNamedWhereNoneMayBeMade) {
  auto options = options_for("outputs");
  options.create_topics = false;
  const auto bus = KafkaBus::connect(options);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::broker_refused);
  EXPECT_THAT(bus.error().detail, HasSubstr(options.output_prefix + "notices"));
}

TEST(KafkaGroup, AChangelogWithOtherPartitionsThanTheInputIsRefused) {
  const auto options = options_for("partitions", 3);
  create_topic(options.output_prefix + "changelog", 2);
  const auto bus = KafkaBus::connect(options);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::broker_refused);
  EXPECT_THAT(bus.error().detail, HasSubstr("has 2 partitions"));
}

TEST(KafkaGroup, AWrongPasswordIsRefusedWithTheReasonAndARightOneWorks) {
  auto options = options_for("password");
  options.brokers = Broker::get().sasl_bootstrap();
  options.security_protocol = "sasl_plaintext";
  options.sasl_username = "anna";
  options.sasl_password = "guess";
  const auto refused = KafkaBus::connect(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::broker_refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("uthentication"));
  EXPECT_THAT(refused.error().detail, testing::Not(HasSubstr("guess")));

  options.sasl_password = "secret";
  const auto accepted = KafkaBus::connect(options);
  EXPECT_TRUE(accepted) << to_string(accepted.error());
}

TEST(KafkaGroup, ABrokerThatIsDownIsNamedInBoundedTime) {
  KafkaOptions options;
  options.brokers = "127.0.0.1:1";
  options.start_timeout = std::chrono::seconds{1};
  const auto bus = KafkaBus::connect(options);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code, Errc::broker_unreachable);
  EXPECT_THAT(bus.error().detail, HasSubstr("127.0.0.1:1"));
}

}  // namespace
}  // namespace fealty::kafka::test
