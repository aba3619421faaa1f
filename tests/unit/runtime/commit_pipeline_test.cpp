#include "fealty/runtime/commit_pipeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>

#include "unit/streams.hpp"

namespace fealty::runtime {
namespace {

using ports::CommitPosition;
using ports::OutputBuffer;
using testing::ElementsAre;
using Wait = CommitPipeline::Wait;

/// Notes what reaches it; can be held up, and told what to answer.
class NotingSink final : public ports::Sink {
 public:
  Result<void> append(const OutputBuffer& out) override {
    return note(std::string{out.value(out.items().front())});
  }
  Result<void> commit(std::span<CommitPosition> positions) override {
    for (CommitPosition& position : positions) position.changelog_position = position.committed * 2;
    return note("commit");
  }
  Result<void> abort() override { return note("abort"); }

  void hold() {
    set([&] { held_ = true; });
  }
  void release() {
    set([&] { held_ = false; });
  }
  void fail_at(std::string call, Errc code) {
    set([&] { fail_ = {std::move(call), code}; });
  }
  void wait_for_calls(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return calls_.size() >= count; });
  }
  std::vector<std::string> calls() {
    const std::lock_guard lock{mutex_};
    return calls_;
  }

 private:
  template <class Change>
  void set(Change change) {
    const std::lock_guard lock{mutex_};
    change();
    changed_.notify_all();
  }
  Result<void> note(std::string call) {
    std::unique_lock lock{mutex_};
    calls_.push_back(std::move(call));
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    if (calls_.back() == fail_.first) return Error{fail_.second, "test"};
    return {};
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> calls_;
  std::pair<std::string, Errc> fail_;
  bool held_ = false;
};

OutputBuffer output(std::string_view value) {
  OutputBuffer out;
  out.add(streams::notices, 0, "", value);
  return out;
}

void give(CommitPipeline& lane, std::string_view value) {
  OutputBuffer out = output(value);
  ASSERT_TRUE(lane.append(out));
}

CommitPipelineOptions inline_lane(std::uint32_t steps) {
  return {.steps_behind = [steps] { return steps; }};
}

const std::vector<CommitPosition> at_seven{{.partition = 1, .committed = 7, .note = {}}};

TEST(CommitPipeline, DoesWhatItIsGivenInOrder) {
  NotingSink sink;
  CommitPipeline lane{sink, {}};
  std::vector<std::string> expected;
  std::vector<CommitPosition> done;
  for (int commit = 0; commit < 50; ++commit) {
    for (int i = 0; i < 5; ++i) {
      expected.push_back(std::to_string(commit) + "." + std::to_string(i));
      give(lane, expected.back());
    }
    expected.emplace_back("commit");
    ASSERT_TRUE(lane.commit(at_seven));
    ASSERT_TRUE(*lane.committed(Wait::yes, done));
  }
  EXPECT_EQ(sink.calls(), expected);
}

TEST(CommitPipeline, TakesWhatFollowsWhileACommitIsInFlight) {
  NotingSink sink;
  CommitPipeline lane{sink, {}};
  std::vector<CommitPosition> done;
  give(lane, "one");
  sink.wait_for_calls(1);
  sink.hold();
  ASSERT_TRUE(lane.commit(at_seven));
  sink.wait_for_calls(2);
  give(lane, "two");
  give(lane, "three");
  EXPECT_FALSE(*lane.committed(Wait::no, done));
  EXPECT_TRUE(lane.committing());
  EXPECT_THAT(sink.calls(), ElementsAre("one", "commit"));

  sink.release();
  EXPECT_TRUE(*lane.committed(Wait::yes, done));
  EXPECT_FALSE(lane.committing());
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].committed, 7U);
  EXPECT_EQ(done[0].changelog_position, 14U) << "what the sink filled in";
  sink.wait_for_calls(4);
  EXPECT_THAT(sink.calls(), ElementsAre("one", "commit", "two", "three"));
}

TEST(CommitPipeline, AFullQueueMakesTheCallerWaitAndDropsNothing) {
  NotingSink sink;
  CommitPipeline lane{sink, {.queue_bytes_max = 10}};
  sink.hold();
  give(lane, "12345");
  give(lane, "67890");
  auto third = std::async(std::launch::async, [&] { give(lane, "abc"); });
  EXPECT_EQ(third.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
  sink.release();
  third.wait();
  sink.wait_for_calls(3);
  EXPECT_THAT(sink.calls(), ElementsAre("12345", "67890", "abc"));
}

TEST(CommitPipeline, AnOutputLargerThanTheQueueGoesThrough) {
  NotingSink sink;
  CommitPipeline lane{sink, {.queue_bytes_max = 10}};
  give(lane, "more than ten bytes");
  give(lane, "and once more than ten");
  sink.wait_for_calls(2);
}

TEST(CommitPipeline, AnErrorDropsWhatIsQueuedAndIsTheAnswerUntilAnAbort) {
  NotingSink sink;
  CommitPipeline lane{sink, {}};
  std::vector<CommitPosition> done;
  sink.fail_at("bad", Errc::transaction_aborted);
  sink.hold();
  give(lane, "bad");
  sink.wait_for_calls(1);
  give(lane, "behind");
  ASSERT_TRUE(lane.commit(at_seven));
  sink.release();
  const auto told = lane.committed(Wait::yes, done);
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, Errc::transaction_aborted);
  OutputBuffer out = output("refused");
  EXPECT_FALSE(lane.append(out));
  EXPECT_FALSE(lane.committed(Wait::no, done));

  ASSERT_TRUE(lane.abort());
  EXPECT_FALSE(lane.committing());
  give(lane, "after");
  ASSERT_TRUE(lane.commit(at_seven));
  EXPECT_TRUE(*lane.committed(Wait::yes, done));
  EXPECT_THAT(sink.calls(), ElementsAre("bad", "abort", "after", "commit"));
}

TEST(CommitPipeline, ACommitDoneIsToldBeforeAnErrorBehindIt) {
  NotingSink sink;
  CommitPipeline lane{sink, {}};
  std::vector<CommitPosition> done;
  sink.fail_at("bad", Errc::transaction_aborted);
  sink.hold();
  ASSERT_TRUE(lane.commit(at_seven));
  give(lane, "bad");
  sink.release();
  sink.wait_for_calls(2);
  EXPECT_TRUE(*lane.committed(Wait::yes, done));
  ASSERT_EQ(done.size(), 1U);
  ASSERT_TRUE(lane.abort());
}

TEST(CommitPipeline, AnAbortDropsWhatIsQueued) {
  NotingSink sink;
  CommitPipeline lane{sink, {}};
  sink.hold();
  give(lane, "under way");
  sink.wait_for_calls(1);
  const std::size_t under_way = lane.queued_bytes();
  give(lane, "queued");
  auto aborted = std::async(std::launch::async, [&] { return lane.abort(); });
  while (lane.queued_bytes() > under_way) std::this_thread::yield();  // until it is dropped
  sink.release();
  ASSERT_TRUE(aborted.get());
  EXPECT_THAT(sink.calls(), ElementsAre("under way", "abort"));
}

TEST(CommitPipeline, AnAbortThatFailsIsTold) {
  NotingSink sink;
  CommitPipeline lane{sink, {}};
  sink.fail_at("abort", Errc::fenced);
  const auto aborted = lane.abort();
  ASSERT_FALSE(aborted);
  EXPECT_EQ(aborted.error().code, Errc::fenced);
}

TEST(CommitPipeline, ItsEndWaitsForTheCallUnderWayOnly) {
  NotingSink sink;
  {
    CommitPipeline lane{sink, {}};
    sink.hold();
    ASSERT_TRUE(lane.commit(at_seven));
    sink.wait_for_calls(1);
    give(lane, "queued");
    sink.release();
  }
  EXPECT_EQ(sink.calls().front(), "commit");
  EXPECT_LE(sink.calls().size(), 2U);
}

TEST(CommitPipeline, BuffersComeBackEmptyWithTheirMemory) {
  NotingSink sink;
  CommitPipeline lane{sink, inline_lane(0)};
  OutputBuffer out = output(std::string(100'000, 'x'));
  ASSERT_TRUE(lane.append(out));
  EXPECT_TRUE(out.empty());
  out.add(streams::notices, 0, "", "y");
  ASSERT_TRUE(lane.append(out));
  EXPECT_TRUE(out.empty());
  EXPECT_GE(out.capacity_bytes(), 100'000U);
}

TEST(CommitPipeline, OfALargeBufferAsMuchComesBackAsMayBeQueued) {
  constexpr std::size_t most = std::size_t{1} << 20U;
  NotingSink sink;
  CommitPipelineOptions options = inline_lane(0);
  options.queue_bytes_max = most;
  CommitPipeline lane{sink, options};
  OutputBuffer out;
  for (int turn = 0; turn < 2; ++turn) {
    for (int n = 0; n < 4'000; ++n) out.add(streams::notices, 0, "", std::string(1'000, 'x'));
    ASSERT_TRUE(lane.append(out));
  }
  EXPECT_TRUE(out.empty());
  EXPECT_GT(out.capacity_bytes(), most / 2);
  EXPECT_LE(out.capacity_bytes(), most);
}

TEST(CommitPipeline, WithoutAThreadACallIsDoneSoManyStepsLater) {
  NotingSink sink;
  CommitPipeline lane{sink, inline_lane(2)};
  std::vector<CommitPosition> done;
  give(lane, "one");
  ASSERT_TRUE(lane.commit(at_seven));
  EXPECT_FALSE(*lane.committed(Wait::no, done));
  EXPECT_THAT(sink.calls(), ElementsAre());
  EXPECT_TRUE(*lane.committed(Wait::no, done));
  EXPECT_THAT(sink.calls(), ElementsAre("one", "commit"));
  give(lane, "two");
  ASSERT_TRUE(lane.commit(at_seven));
  EXPECT_TRUE(*lane.committed(Wait::yes, done)) << "who waits has it done at once";
}

}  // namespace
}  // namespace fealty::runtime
