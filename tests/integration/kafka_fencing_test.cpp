#include <gmock/gmock.h>

#include "kafka_harness.hpp"
#include "unit/streams.hpp"

namespace fealty::kafka::test {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A worker whose transaction the broker gave up because it was open for too long.
class KafkaTransactionTimeout : public testing::Test {
 protected:
  KafkaTransactionTimeout() : options_{options_for("timeout")} {
    options_.transaction_timeout = transaction_timeout_min;
  }
  void start() {
    bus_ = connect(options_);
    worker_ = std::make_unique<Recorder>(*bus_);
    ASSERT_TRUE(bus_->source().open(*worker_));
    ASSERT_TRUE(worker_->poll_until([&] { return worker_->owned.size() == 1; }));
    ASSERT_TRUE(append("late"));
    await_end(topic_, 0, 1);
    // No end of the topic is reached before the broker has aborted what is open.
    EXPECT_THAT(read_all(topic_), IsEmpty());
  }
  Result<void> append(std::string_view text) {
    OutputBuffer out;
    out.add(streams::notices, 0, "anna", text);
    return bus_->sink().append(out);
  }
  Result<void> commit() { return bus_->sink().commit(positions_); }

  KafkaOptions options_;
  const std::string topic_ = options_.output_prefix + "notices";
  std::unique_ptr<KafkaBus> bus_;
  std::unique_ptr<Recorder> worker_;
  std::vector<CommitPosition> positions_{{.partition = 0, .committed = 7}};
};

TEST_F(KafkaTransactionTimeout, ACommitThatComesTooLateIsAnAbortAndNoFencing) {
  ASSERT_NO_FATAL_FAILURE(start());

  const auto done = commit();

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::transaction_aborted) << to_string(done.error());
  EXPECT_THAT(done.error().detail, HasSubstr("gives it up after 10000"));
  // And the worker goes on.
  ASSERT_TRUE(append("again"));
  ASSERT_TRUE(commit());
  EXPECT_EQ(read_all(topic_).size(), 1u);
}

TEST_F(KafkaTransactionTimeout, SoIsMoreOutputThatComesTooLate) {
  ASSERT_NO_FATAL_FAILURE(start());

  // It is handed over in the background: the commit says it at the latest.
  auto done = append("more");
  if (done) done = commit();

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::transaction_aborted) << to_string(done.error());
  ASSERT_TRUE(append("again"));
  ASSERT_TRUE(commit());
  EXPECT_EQ(read_all(topic_).size(), 1u);
}

TEST_F(KafkaTransactionTimeout, AnAbortThatComesTooLateIsOneAllTheSame) {
  ASSERT_NO_FATAL_FAILURE(start());

  const auto done = bus_->sink().abort();

  EXPECT_TRUE(done) << to_string(done.error());
  ASSERT_TRUE(append("again"));
  ASSERT_TRUE(commit());
  EXPECT_EQ(read_all(topic_).size(), 1u);
}

TEST_F(KafkaTransactionTimeout, IsAFencingWhereASuccessorHasTakenTheWorkersPlace) {
  // Given a worker that slept for longer than its transaction lived, and its successor.
  options_.transactional_id = options_.group_instance = options_.group + "-slot";
  ASSERT_NO_FATAL_FAILURE(start());
  auto successor = connect(options_);
  Recorder heir{*successor};
  ASSERT_TRUE(successor->source().open(heir));
  ASSERT_TRUE(heir.poll_until([&] { return heir.owned.size() == 1; }));

  const auto done = commit();

  // Then it is the one that has to go.
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::fenced) << to_string(done.error());
  std::vector<CommitPosition> theirs{{.partition = 0, .committed = 3}};
  const auto goes_on = successor->sink().commit(theirs);
  EXPECT_TRUE(goes_on) << to_string(goes_on.error());
}

TEST(KafkaFencing, TheEndOfAWorkerThatWasFencedInTheMiddleOfARebalanceIsBounded) {
  auto options = options_for("bounded");
  options.transactional_id = options.group_instance = options.group + "-slot";
  auto bus = connect(options);
  auto replaced = std::make_unique<Recorder>(*bus);
  ASSERT_TRUE(bus->source().open(*replaced));
  ASSERT_TRUE(replaced->poll_until([&] { return replaced->owned.size() == 1; }));

  // When another takes its place, and it ends without having looked at its group again.
  auto successor = connect(options);
  Recorder heir{*successor};
  ASSERT_TRUE(successor->source().open(heir));
  ASSERT_TRUE(heir.poll_until([&] { return heir.owned.size() == 1; }));
  const auto begun = std::chrono::steady_clock::now();
  const auto heartbeats = begun + options.session_timeout / 5;  // it is told of it by one
  ASSERT_TRUE(heir.poll_until([&] { return std::chrono::steady_clock::now() > heartbeats; }));
  bus.reset();

  // Then that takes no longer than leaving and destroying each of its clients may.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{25});
}

TEST(KafkaFencing, AZombieIsFencedAndNothingOfItIsSeen) {
  const auto options = options_for("zombie");
  auto bus = connect(options);
  Recorder zombie{*bus};
  ASSERT_TRUE(bus->source().open(zombie));
  ASSERT_TRUE(zombie.poll_until([&] { return zombie.owned.size() == 1; }));
  OutputBuffer out;
  out.add(streams::notices, 0, "anna", "late");
  ASSERT_TRUE(bus->sink().append(out));

  // When a second worker of the same transactional id starts.
  auto successor = connect(options);

  std::vector<CommitPosition> positions{{.partition = 0, .committed = 1}};
  const auto done = bus->sink().commit(positions);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::fenced) << to_string(done.error());
  EXPECT_THAT(read_all(options.output_prefix + "notices"), IsEmpty());
}

}  // namespace
}  // namespace fealty::kafka::test
