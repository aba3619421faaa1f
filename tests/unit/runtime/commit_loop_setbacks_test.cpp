#include <gmock/gmock.h>

#include "fealty/codec/mapping.hpp"
#include "fealty/runtime/commit_loop.hpp"

namespace fealty::runtime {
namespace {

using testing::HasSubstr;

/// One partition, no records, no end.
class Idle final : public ports::Source {
 public:
  std::function<void()> on_poll = [] {};

  Result<void> open(ports::AssignmentListener&) override { return {}; }
  Result<void> start_at(std::uint32_t, ports::Offset) override { return {}; }
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t,
                             std::chrono::milliseconds) override {
    batch.clear();
    on_poll();
    return ports::Polled::idle;
  }
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] std::string describe(std::uint32_t, ports::Offset) const override { return {}; }
};

class Sink final : public ports::Sink {
 public:
  std::optional<Error> commit_fails;
  std::optional<ports::Offset> fails_beyond;
  std::atomic<bool> waits{false}, interrupted{false};

  Result<void> append(const ports::OutputBuffer&) override { return {}; }
  Result<void> commit(std::span<ports::CommitPosition> positions) override {
    if (fails_beyond && !positions.empty() && positions[0].committed > *fails_beyond) {
      return Error{Errc::transaction_aborted, "kafka", "beyond"};
    }
    while (waits && !interrupted) std::this_thread::yield();
    if (interrupted) return Error{Errc::broker_unreachable, "kafka", "interrupted"};
    if (commit_fails) return *commit_fails;
    return {};
  }
  Result<void> abort() override { return {}; }
  void interrupt() override { interrupted = true; }
};

/// Changes with each batch, so that there is always something to commit.
class Busy final : public Processor {
 public:
  int restarts = 0, open_fails = 0;
  std::function<ports::Offset()> reaches;  // how far the next commit comes, of one partition

  Result<void> assign(std::span<const ports::Assignment>) override { return {}; }
  Result<bool> open(std::chrono::milliseconds) override {
    if (!std::exchange(opened_, true)) return false;
    if (open_fails-- > 0) return Error{Errc::broker_unreachable, "kafka.brokers", "nobody"};
    return false;
  }
  Result<bool> process(DecodedBatch& batch, ports::OutputBuffer&) override {
    batch.at = batch.records.size();
    return true;
  }
  Result<bool> advance() override { return true; }
  void prepare(const Flush&, ports::OutputBuffer&,
               std::vector<ports::CommitPosition>& positions) override {
    if (reaches) positions.push_back({.partition = 0, .committed = reaches()});
  }
  Result<void> committed(std::span<const ports::CommitPosition>) override { return {}; }
  [[nodiscard]] bool unsaved(const Flush&) const override { return false; }
  bool over_budget() override { return false; }
  [[nodiscard]] bool repeats() const override { return false; }
  void revoke(std::span<const std::uint32_t>, bool) override {}
  Result<void> restart() override {
    ++restarts;
    return {};
  }

 private:
  bool opened_ = false;
};

class CommitLoopSetbacks : public testing::Test {
 protected:
  CommitLoopSetbacks() {
    options.commit.interval = std::chrono::milliseconds{1};
    options.clock.steady = [this] { return now.load(); };
    source.on_poll = [this] { now = now.load() + std::chrono::milliseconds{10}; };
  }
  Result<void> run() {
    loop.emplace(
        source, [&] { return std::make_unique<codec::Decoder>(mapping); }, busy, sink, options);
    if (on_progress) loop->hooks.on_progress = on_progress;
    return loop->run(stop);
  }
  std::atomic<MachineClock::Steady> now{MachineClock::Steady{std::chrono::hours{1}}};
  const codec::Mapping mapping = codec::cloudevents_mapping();
  Idle source;
  Sink sink;
  Busy busy;
  CommitLoopOptions options;
  std::function<void()> on_progress;
  std::atomic<bool> stop{false};
  std::optional<CommitLoop> loop;
};

TEST_F(CommitLoopSetbacks, CommitsThatAreAbortedAgainAndAgainEndTheRunLaterAndLater) {
  options.pipeline.steps_behind = [] { return 0U; };
  options.setbacks.aborts_max = 6;
  sink.commit_fails = Error{Errc::transaction_aborted, "kafka", "to topic ledger: gone"};
  bool was_red = false;
  on_progress = [&] { was_red = was_red || !loop->healthy(); };
  const auto begun = now.load();

  const auto ran = run();

  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().detail, HasSubstr("6 commits in a row were aborted"));
  EXPECT_THAT(ran.error().detail, HasSubstr("to topic ledger: gone"));
  EXPECT_EQ(busy.restarts, 5);
  EXPECT_TRUE(was_red);
  EXPECT_GE(now.load() - begun, std::chrono::milliseconds{100 + 200 + 400 + 800});
}

TEST_F(CommitLoopSetbacks, CommitsOfWhatIsRepeatedInBetweenEndNoRow) {
  options.pipeline.steps_behind = [] { return 0U; };
  options.setbacks.aborts_max = 6;
  sink.fails_beyond = 5;
  int prepared = 0;
  busy.reaches = [&prepared] { return prepared++ % 2 == 0 ? 5U : 6U; };
  on_progress = [&] { stop = busy.restarts > 20; };

  const auto ran = run();

  ASSERT_FALSE(ran);
  EXPECT_THAT(ran.error().detail, HasSubstr("6 commits in a row were aborted"));
  EXPECT_EQ(busy.restarts, 5);
}

TEST_F(CommitLoopSetbacks, AStopEndsTheBackOff) {
  options.pipeline.steps_behind = [] { return 0U; };
  options.setbacks.backoff = options.setbacks.backoff_max = std::chrono::hours{1};
  sink.commit_fails = Error{Errc::transaction_aborted, "kafka", "gone"};
  on_progress = [&] { stop = busy.restarts == 2; };

  const auto ran = run();

  EXPECT_FALSE(ran);
  EXPECT_LT(now.load() - MachineClock::Steady{std::chrono::hours{1}}, std::chrono::minutes{1});
}

TEST_F(CommitLoopSetbacks, ABusThatIsAwayWhilePartitionsOpenIsWaitedFor) {
  options.pipeline.steps_behind = [] { return 0U; };
  options.setbacks.bus_wait = std::chrono::minutes{10};
  busy.open_fails = 5;
  bool was_red = false;
  on_progress = [&] {
    was_red = was_red || !loop->healthy();
    stop = busy.open_fails < 0;
  };

  const auto ran = run();

  EXPECT_TRUE(ran) << to_string(ran.error());
  EXPECT_TRUE(was_red);
  EXPECT_TRUE(loop->healthy());
}

TEST_F(CommitLoopSetbacks, ButNotForEver) {
  options.pipeline.steps_behind = [] { return 0U; };
  options.setbacks.bus_wait = std::chrono::seconds{3};
  busy.open_fails = 1000;

  const auto ran = run();

  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::broker_unreachable);
}

TEST_F(CommitLoopSetbacks, AStopDoesNotWaitForASinkThatWaitsForEver) {
  options.setbacks.stop_wait = std::chrono::seconds{20};
  sink.waits = true;
  options.clock.steady = [this] {  // Nothing but the clock goes on.
    return now = now.load() + std::chrono::seconds{1};
  };
  stop = true;

  const auto ran = run();

  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::broker_unreachable);
  EXPECT_TRUE(sink.interrupted);
}

}  // namespace
}  // namespace fealty::runtime
