#include <gmock/gmock.h>

#include "kafka_harness.hpp"
#include "kafka_proxy.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A worker that has something to commit, behind a proxy that is about to lose a part of it.
class KafkaOutage : public testing::Test {
 protected:
  KafkaOutage()
      : broker_{Broker::own()}, proxy_{broker_.proxied_port(), broker_.behind_proxy_port()} {
    options_.streams = streams::table;
    options_.brokers = proxy_.bootstrap();
    options_.group = options_.input_topic = "outage";
    options_.transaction_timeout = std::chrono::seconds{20};
    options_.commit_timeout = std::chrono::seconds{3};
    create_topic(options_.input_topic, 2, {}, broker_.bootstrap());
  }

  void start() {
    bus_ = connect(options_);
    worker_ = std::make_unique<Recorder>(*bus_);
    ASSERT_TRUE(bus_->source().open(*worker_));
    ASSERT_TRUE(worker_->poll_until([&] { return worker_->owned.size() == 2; }));
    auto first = positions(0, "before");
    ASSERT_TRUE(bus_->sink().commit(first));
  }
  void append(std::string_view text) {
    OutputBuffer out;
    out.add(streams::notices, 0, "anna", text);
    const auto done = bus_->sink().append(out);
    ASSERT_TRUE(done) << to_string(done.error());
  }
  static std::vector<CommitPosition> positions(ports::Offset committed, std::string_view note) {
    return {{.partition = 0, .committed = committed, .note = std::string{note}},
            {.partition = 1, .committed = committed, .note = std::string{note}}};
  }
  [[nodiscard]] std::vector<std::string> notices() const {
    std::vector<std::string> out;
    for (const auto& message :
         read_all(options_.output_prefix + "notices", Until::end, broker_.bootstrap())) {
      out.push_back(message.value);
    }
    return out;
  }
  /// What the next worker is told of a partition.
  ports::Assignment restart() {
    worker_.reset();
    bus_.reset();
    bus_ = connect(options_);
    worker_ = std::make_unique<Recorder>(*bus_);
    worker_->start = {{0, 0}, {1, 0}};
    EXPECT_TRUE(bus_->source().open(*worker_));
    EXPECT_TRUE(worker_->poll_until([&] { return worker_->owned.size() == 2; }));
    return worker_->owned[1];
  }

  const Broker broker_;
  Proxy proxy_;
  KafkaOptions options_;
  std::unique_ptr<KafkaBus> bus_;
  std::unique_ptr<Recorder> worker_;
};

TEST_F(KafkaOutage, ACommitWhoseAnswerIsLostIsFoundToHaveGoneThrough) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(append("once"));

  // When the broker commits and nobody hears of it.
  proxy_.lose(Proxy::Lose::answer, api_end_transaction);
  auto asked = positions(7, "after");
  const auto done = bus_->sink().commit(asked);

  // Then the group's offsets told.
  EXPECT_EQ(proxy_.lost(), 1);
  EXPECT_TRUE(done) << to_string(done.error());
  EXPECT_THAT(notices(), ElementsAre("once"));
  const auto next = restart();
  EXPECT_EQ(next.committed, 7u);
  EXPECT_EQ(next.note, "after");
}

TEST_F(KafkaOutage, ACommitThatNeverArrivesIsAnAbortEvenWhereItArrivesLate) {
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(append("never"));

  proxy_.lose(Proxy::Lose::request, api_end_transaction);
  auto asked = positions(7, "after");
  const auto done = bus_->sink().commit(asked);

  EXPECT_EQ(proxy_.lost(), 1);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::transaction_aborted) << to_string(done.error());
  // When the stray request comes after all, it changes nothing any more.
  EXPECT_TRUE(proxy_.deliver_late());
  ASSERT_NO_FATAL_FAILURE(append("again"));
  ASSERT_TRUE(bus_->sink().commit(asked));
  EXPECT_THAT(notices(), ElementsAre("again"));
  EXPECT_EQ(restart().committed, 7u);
}

}  // namespace
}  // namespace fealty::kafka::test
