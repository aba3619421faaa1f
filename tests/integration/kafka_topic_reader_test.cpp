#include <gmock/gmock.h>

#include <atomic>

#include "fealty/kafka/topic_reader.hpp"
#include "kafka_harness.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::atomic<bool> never{false};

std::unique_ptr<TopicReader> reader_of(const KafkaOptions& options) {
  auto reader = TopicReader::make(options);
  EXPECT_TRUE(reader) << to_string(reader.error());
  return std::move(*reader);
}

struct Read {
  std::vector<std::string> values;
  Result<bool> done;
};
Read read(TopicReader& reader, const std::string& topic, ports::Offset from, ports::Offset to) {
  Read out{{}, false};
  out.done = reader.read(
      topic, 0, from, to,
      [&](const ports::InputRecord& record) -> Result<void> {
        out.values.emplace_back(record.value);
        return {};
      },
      never);
  return out;
}

TEST(KafkaTopicReader, ReadsARangeToItsEndAcrossTheMarksOfTransactions) {
  const auto options = options_for("range");
  auto bus = connect(options);
  const std::string topic = options.output_prefix + "changelog";
  const auto commit = [&](std::string_view value, bool keep) {
    ports::OutputBuffer out;
    out.add(streams::changelog, 0, "key", value);
    ASSERT_TRUE(bus->sink().append(out));
    ASSERT_TRUE(keep ? bus->sink().commit({}) : bus->sink().abort());
  };
  commit("a", true);   // 0, its mark 1
  commit("b", false);  // never there
  commit("c", true);
  auto reader = reader_of(options);
  const auto held = reader->held(topic, 0);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->low, 0U);
  EXPECT_EQ(held->high, held->end);
  const Read whole = read(*reader, topic, 0, held->high);
  EXPECT_TRUE(whole.done && *whole.done);
  EXPECT_THAT(whole.values, ElementsAre("a", "c"));
  EXPECT_THAT(read(*reader, topic, 0, 1).values, ElementsAre("a"));
  const Read marks = read(*reader, topic, 1, 2);
  EXPECT_TRUE(marks.done && *marks.done);
  EXPECT_THAT(marks.values, ElementsAre());
}

TEST(KafkaTopicReader, ARecordHasItsKeyHeadersAndTime) {
  const auto options = options_for("whole");
  const Settings headers{{"ce_id", "7"}, {"raw", "\xff"}};
  produce(options.input_topic, 0, {"{}"}, headers, "anna");
  auto reader = reader_of(options);
  const auto visit = [&](const ports::InputRecord& record) -> Result<void> {
    EXPECT_EQ(record.key, "anna");
    EXPECT_EQ(record.headers.size(), 2U);
    EXPECT_EQ(record.headers[1].value, "\xff");
    EXPECT_GT(record.timestamp_ms, 0);
    EXPECT_FALSE(record.null);
    const auto at = reader->offset_of_time(options.input_topic, 0, record.timestamp_ms);
    EXPECT_TRUE(at && *at == std::optional<ports::Offset>{0});
    const auto later = reader->offset_of_time(options.input_topic, 0, record.timestamp_ms + 1);
    EXPECT_TRUE(later && !*later);
    return {};
  };
  const auto done = reader->read(options.input_topic, 0, 0, 1, visit, never);
  EXPECT_TRUE(done && *done);
  const auto committed = reader->committed(options.input_topic, 0);
  EXPECT_TRUE(committed && !*committed);
}

TEST(KafkaTopicReader, WhatRetentionRemovedIsAGapWithItsPlace) {
  const auto options = options_for("removed");
  produce(options.input_topic, 0, {"a", "b", "c"});
  delete_before(options.input_topic, 0, 2);
  auto reader = reader_of(options);
  EXPECT_EQ(reader->held(options.input_topic, 0)->low, 2U);
  const Read gone = read(*reader, options.input_topic, 0, 3);
  ASSERT_FALSE(gone.done);
  EXPECT_EQ(gone.done.error().code, Errc::input_gap);
  EXPECT_THAT(gone.done.error().detail,
              AllOf(HasSubstr(options.input_topic + "[0] holds 2 to 3"), HasSubstr("retention")));
  EXPECT_THAT(read(*reader, options.input_topic, 2, 3).values, ElementsAre("c"));
}

TEST(KafkaTopicReader, WithoutATopicOrTheRightToReadItIsRefused) {
  auto options = options_for("denied");
  produce(options.input_topic, 0, {"a"});
  const auto none = reader_of(options)->partitions("no-such-" + options.input_topic);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::broker_refused);
  EXPECT_THAT(none.error().detail, HasSubstr("does not exist"));

  options.brokers = Broker::get().sasl_bootstrap();
  options.security_protocol = "sasl_plaintext";
  options.sasl_username = "anna";
  options.sasl_password = "secret";
  deny("anna", RD_KAFKA_RESOURCE_TOPIC, options.input_topic, RD_KAFKA_ACL_OPERATION_READ);
  auto reader = reader_of(options);
  const Read denied = read(*reader, options.input_topic, 0, 1);
  ASSERT_FALSE(denied.done);
  EXPECT_EQ(denied.done.error().code, Errc::broker_refused);
  EXPECT_THAT(denied.done.error().detail, HasSubstr("uthoriz"));
}

TEST(KafkaTopicReader, NobodyThereIsSaidWithinItsTime) {
  auto options = options_for("nobody");
  options.brokers = "127.0.0.1:1";
  options.start_timeout = std::chrono::milliseconds{1500};
  const auto none = reader_of(options)->partitions(options.input_topic);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::broker_unreachable);
}

}  // namespace
}  // namespace fealty::kafka::test
