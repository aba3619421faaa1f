#include <gmock/gmock.h>

#include "kafka_admin.hpp"
#include "kafka_harness.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

class Counting final : public ports::Feed::Visitor {
 public:
  Result<void> apply(std::string_view, std::string_view) override {
    ++records;
    return {};
  }
  int records = 0;
};

/// So many records of members that they are not all fetched ahead.
void write_much(KafkaBus& bus) {
  for (int n = 0; n < 40; ++n) {
    ports::OutputBuffer out;
    out.add(streams::members, 0, "m" + std::to_string(n), std::string(900'000, 'x'));
    ASSERT_TRUE(bus.sink().append(out));
    ASSERT_TRUE(bus.sink().commit({}));
  }
}

TEST(KafkaFeed, IsReadToWhatItIsAimedAt) {
  const auto options = options_for("feed");
  const auto bus = connect(options);
  write_much(*bus);
  const auto feed = bus->feed(streams::members);
  ASSERT_TRUE(feed->open({}));
  ASSERT_TRUE(feed->aim_at_end({}));
  Counting seen;
  Result<bool> done = false;
  while (done && !*done) done = feed->step(seen, std::chrono::milliseconds{50});
  ASSERT_TRUE(done) << to_string(done.error());
  EXPECT_EQ(seen.records, 40);
}

TEST(KafkaFeed, WhoseTopicIsDeletedMeanwhileSaysSo) {
  auto options = options_for("feed-gone");
  options.start_timeout = std::chrono::seconds{2};
  const auto bus = connect(options);
  write_much(*bus);
  const auto feed = bus->feed(streams::members);
  ASSERT_TRUE(feed->open({}));
  ASSERT_TRUE(feed->aim_at_end({}));
  delete_topic(options.output_prefix + "members");
  Counting seen;
  Result<bool> done = false;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (done && !*done && std::chrono::steady_clock::now() < give_up) {
    done = feed->step(seen, std::chrono::milliseconds{50});
  }
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::broker_refused);
  EXPECT_THAT(done.error().detail, testing::HasSubstr("members[0] does not exist any more"));
}

}  // namespace
}  // namespace fealty::kafka::test
