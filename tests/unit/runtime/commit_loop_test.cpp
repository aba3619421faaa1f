#include "fealty/runtime/commit_loop.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fealty/codec/mapping.hpp"

namespace fealty::runtime {
namespace {

using testing::ElementsAre;

/// Delivers batches of one record each, then ends.
class Batches final : public ports::Source {
 public:
  explicit Batches(int count) : left_{count} {}
  Result<void> open(ports::AssignmentListener& listener) override {
    const ports::Assignment assignment{};
    return listener.on_assigned({&assignment, 1});
  }
  Result<void> start_at(std::uint32_t, ports::Offset) override { return {}; }
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds) override {
    batch.clear();
    if (records_max == 0) return ports::Polled::idle;
    if (left_ == 0) return ports::Polled::ended;
    --left_;
    constexpr std::size_t padding = 64;
    char* const bytes = batch.arena.allocate(padding);
    batch.records.push_back({.partition = 0, .value = {bytes, 0}, .headers = {}});
    return ports::Polled::records;
  }
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] std::string describe(std::uint32_t, ports::Offset) const override { return {}; }

 private:
  int left_;
};

class NoSink final : public ports::Sink {
 public:
  Result<void> append(const ports::OutputBuffer&) override { return {}; }
  Result<void> commit(std::span<ports::CommitPosition>) override { return {}; }
  Result<void> abort() override { return {}; }
};

/// Takes three steps for each batch, and notes what it is asked for.
class Notes final : public Processor {
 public:
  std::vector<std::string> calls;

  Result<void> assign(std::span<const ports::Assignment>) override { return {}; }
  Result<bool> open(std::chrono::milliseconds) override {
    calls.emplace_back("open");
    return false;
  }
  Result<bool> process(DecodedBatch& batch, ports::OutputBuffer&) override {
    if (batch.records.empty()) return true;
    calls.emplace_back("process");
    if (++steps_ % 3 != 0) return false;
    batch.at = batch.records.size();
    return true;
  }
  Result<bool> advance() override { return false; }
  void prepare(const Flush& flush, ports::OutputBuffer&,
               std::vector<ports::CommitPosition>&) override {
    last_share = flush.share;
  }
  Result<void> committed(std::span<const ports::CommitPosition>) override { return {}; }
  [[nodiscard]] bool unsaved(const Flush&) const override { return false; }
  bool over_budget() override { return false; }
  [[nodiscard]] bool repeats() const override { return false; }
  void revoke(std::span<const std::uint32_t>, bool) override {}
  Result<void> restart() override { return {}; }

  std::optional<Flush::Share> last_share;  // of the last commit

 private:
  int steps_ = 0;
};

TEST(CommitLoop, OpensPartitionsBetweenBatchesNeverWithinOne) {
  // The rest of a batch was polled before: a partition that becomes ready by then would be given
  // records from where it was being read, and skip what lies before them.
  Batches source{2};
  NoSink sink;
  Notes notes;
  const codec::Mapping mapping = codec::cloudevents_mapping();
  CommitLoopOptions options;
  options.pipeline.steps_behind = [] { return 0U; };
  CommitLoop loop{source, [&] { return std::make_unique<codec::Decoder>(mapping); }, notes, sink,
                  options};
  const std::atomic<bool> stop{false};
  ASSERT_TRUE(loop.run(stop).has_value());
  EXPECT_THAT(notes.calls, ElementsAre("open", "open", "process", "process", "process", "open",
                                       "process", "process", "process", "open"));
}

/// What the last commit of a run saves.
std::optional<Flush::Share> last_share(std::function<bool()> saves_at_end) {
  Batches source{2};
  NoSink sink;
  Notes notes;
  const codec::Mapping mapping = codec::cloudevents_mapping();
  CommitLoop loop{source, [&] { return std::make_unique<codec::Decoder>(mapping); }, notes, sink,
                  CommitLoopOptions{}};
  loop.hooks.saves_at_end = std::move(saves_at_end);
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(loop.run(stop).has_value());
  return notes.last_share;
}

TEST(CommitLoop, SavesEverythingAtTheEndUnlessNobodyWillReadIt) {
  EXPECT_EQ(last_share({}), Flush::Share::all);
  EXPECT_EQ(last_share([] { return true; }), Flush::Share::all);
  EXPECT_EQ(last_share([] { return false; }), Flush::Share::due);
}

/// Takes some time for each record.
class Slow final : public Processor {
 public:
  static constexpr std::chrono::milliseconds a_record{10};
  MachineClock::Steady now{};
  std::vector<int> in_commit{0};  // records of each, and of the open one

  Result<void> assign(std::span<const ports::Assignment>) override { return {}; }
  Result<bool> open(std::chrono::milliseconds) override { return false; }
  Result<bool> process(DecodedBatch& batch, ports::OutputBuffer&) override {
    now += a_record * batch.records.size();
    in_commit.back() += static_cast<int>(batch.records.size());
    if (repeats_ > 0) --repeats_;
    batch.at = batch.records.size();
    return true;
  }
  Result<bool> advance() override { return false; }
  void prepare(const Flush&, ports::OutputBuffer&, std::vector<ports::CommitPosition>&) override {
    in_commit.push_back(0);
    now += between_commits;
  }
  Result<void> committed(std::span<const ports::CommitPosition>) override { return {}; }
  [[nodiscard]] bool unsaved(const Flush&) const override { return false; }
  bool over_budget() override { return false; }
  [[nodiscard]] bool repeats() const override { return repeats_ > 0; }
  void revoke(std::span<const std::uint32_t>, bool) override {}
  Result<void> restart() override {
    in_commit.back() = 0;
    repeats_ = batches_to_repeat;
    return {};
  }

  int batches_to_repeat = 0;  // after an abort
  std::chrono::seconds between_commits{0};

 private:
  int repeats_ = 0;
};

/// How many records, each of which takes 10 ms, a commit has with batches of at most `batch_max`,
/// where the source delivers one at a time.
int records_of_a_commit(std::chrono::milliseconds interval, std::size_t batch_max) {
  Batches source{1000};
  NoSink sink;
  Slow slow;
  const codec::Mapping mapping = codec::cloudevents_mapping();
  CommitLoopOptions options;
  options.input.records_max = batch_max;
  options.pipeline.steps_behind = [] { return 0U; };
  options.commit.interval = interval;
  options.clock.steady = [&] { return slow.now; };
  CommitLoop loop{source, [&] { return std::make_unique<codec::Decoder>(mapping); }, slow, sink,
                  options};
  const std::atomic<bool> stop{false};
  EXPECT_TRUE(loop.run(stop).has_value());
  EXPECT_GT(slow.in_commit.size(), 3U);
  return slow.in_commit.at(1);  // The first one follows the assignment at once.
}

TEST(CommitLoop, WaitsForFiveIntervalsWhileItIsBehind) {
  using std::chrono::milliseconds;
  constexpr std::size_t full = 1, room_for_more = 2;
  EXPECT_EQ(records_of_a_commit(milliseconds{100}, room_for_more), 10);
  EXPECT_EQ(records_of_a_commit(milliseconds{100}, full), 50);
  // At most a second longer: an open transaction is given up some time.
  EXPECT_EQ(records_of_a_commit(milliseconds{2000}, full), 300);
}

/// Aborts so many commits, then takes them.
class Aborts final : public ports::Sink {
 public:
  explicit Aborts(int times) : left_{times} {}
  Result<void> append(const ports::OutputBuffer&) override { return {}; }
  Result<void> commit(std::span<ports::CommitPosition>) override {
    if (left_-- <= 0) return {};
    return Error{Errc::transaction_aborted, "kafka", "to fealty.ledger: it was deleted"};
  }
  Result<void> abort() override { return {}; }

 private:
  int left_;
};

/// A loop over some batches whose time does not pass by itself.
struct Timed {
  explicit Timed(int aborts, int batches = 3) : source{batches}, sink{aborts} {}

  Batches source;
  Aborts sink;
  Slow slow;
  const codec::Mapping mapping = codec::cloudevents_mapping();
  CommitLoop loop{source, [this] { return std::make_unique<codec::Decoder>(mapping); }, slow, sink,
                  options()};

 private:
  CommitLoopOptions options() {
    CommitLoopOptions options;
    options.pipeline.steps_behind = [] { return 0U; };
    options.clock.steady = [this] { return slow.now; };
    options.setbacks.backoff = std::chrono::milliseconds{0};
    return options;
  }
};

TEST(CommitLoop, SaysWhyItRestarted) {
  Timed timed{1};
  const std::atomic<bool> stop{false};
  testing::internal::CaptureStderr();
  const auto ran = timed.loop.run(stop);
  const std::string logged = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(ran);
  EXPECT_EQ(timed.loop.aborts(), 1U);
  EXPECT_THAT(logged, testing::AllOf(testing::HasSubstr("event=run.restarted"),
                                     testing::HasSubstr("error=transaction_aborted"),
                                     testing::HasSubstr("to fealty.ledger: it was deleted")));
}

TEST(CommitLoop, AStopWhoseLastCommitIsAbortedAppliesAgainWhatThatHeldAndSavesIt) {
  // Its state is to stand at a commit of its own: what another release may go on from.
  Timed timed{2};
  timed.slow.batches_to_repeat = 1;
  const std::atomic<bool> stop{true};
  ASSERT_TRUE(timed.loop.run(stop));
  EXPECT_EQ(timed.loop.aborts(), 2U);
  // The first try had nothing; each of the others, what was applied again, and no more.
  EXPECT_THAT(timed.slow.in_commit, testing::Contains(1).Times(2));
  EXPECT_THAT(timed.slow.in_commit, testing::Each(testing::Le(1)));
}

TEST(CommitLoop, AStopWhoseLastCommitsAreAbortedForLongSaysSo) {
  Timed timed{1'000'000};
  timed.slow.batches_to_repeat = 1;
  timed.slow.between_commits = std::chrono::seconds{3};
  const std::atomic<bool> stop{true};
  const auto ran = timed.loop.run(stop);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::transaction_aborted);
  EXPECT_LE(timed.loop.aborts(), 8U);
}

TEST(CommitLoop, AStopThatHasMuchToApplyAgainGivesUpInTime) {
  Timed timed{1, 1'000'000};
  timed.slow.batches_to_repeat = 1'000'000;
  const std::atomic<bool> stop{true};
  const auto ran = timed.loop.run(stop);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::transaction_aborted);
  // In twenty seconds, and each batch takes ten milliseconds.
  EXPECT_EQ(timed.slow.in_commit.back(), 2'000);
}

TEST(CommitLoop, TellsTheAgeOfItsLastCommit) {
  Timed timed{0};
  timed.slow.now += std::chrono::seconds{7};
  EXPECT_EQ(timed.loop.commit_age(), std::chrono::seconds{7});
  const std::atomic<bool> stop{false};
  ASSERT_TRUE(timed.loop.run(stop));
  EXPECT_EQ(timed.loop.commit_age(), std::chrono::seconds{0});
}

}  // namespace
}  // namespace fealty::runtime
