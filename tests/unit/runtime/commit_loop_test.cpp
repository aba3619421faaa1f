#include "fealty/runtime/commit_loop.hpp"

#include <gmock/gmock.h>

#include <string>
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
  void prepare(const Flush&, ports::OutputBuffer&, std::vector<ports::CommitPosition>&) override {}
  Result<void> committed(std::span<const ports::CommitPosition>) override { return {}; }
  [[nodiscard]] bool unsaved(const Flush&) const override { return false; }
  bool over_budget() override { return false; }
  void revoke(std::span<const std::uint32_t>, bool) override {}
  Result<void> restart() override { return {}; }

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

}  // namespace
}  // namespace fealty::runtime
