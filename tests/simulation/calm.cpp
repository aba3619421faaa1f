#include "calm.hpp"

#include <algorithm>
#include <atomic>

#include "fealty/base/check.hpp"
#include "fealty/runtime/commit_loop.hpp"
#include "fealty/runtime/members.hpp"
#include "harness.hpp"
#include "sim_source.hpp"
#include "topology.hpp"

namespace fealty::simulation {
namespace {

constexpr std::chrono::milliseconds tick_after{1000};

/// Source and sink of a calm run, and its clock.
class CalmBus final : public ports::Source, public ports::Sink {
 public:
  CalmBus(const CalmInput& input, Seen& seen) : input_{input}, seen_{seen} {}

  const runtime::Members* members = nullptr;
  [[nodiscard]] runtime::MachineClock clock() const {
    runtime::MachineClock clock;
    clock.steady = [this] {
      return runtime::MachineClock::Steady{std::chrono::hours{1} + steady_};
    };
    clock.wall = [this] { return wall_; };
    return clock;
  }
  [[nodiscard]] const std::string& failure() const { return failure_; }

  Result<void> open(ports::AssignmentListener& listener) override {
    listener_ = &listener;
    return assign();
  }
  Result<void> start_at(std::uint32_t, ports::Offset from) override {
    next_ = from;
    return {};
  }
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds) override {
    batch.clear();
    if (records_max == 0) return ports::Polled::idle;
    if (ticking_) {
      check_ticked();
      return ports::Polled::idle;  // what falls due by it is worked off first
    }
    PartitionLog& log = input_.topics.input(partition_);
    const LogRecord* const record = log.next(next_, log.stable());
    if (tick_due(record)) {
      wall_ = ticks()[ticked_++].time;
      steady_ += 2 * tick_after;
      ticking_ = true;
      return ports::Polled::idle;
    }
    if (record != nullptr) {
      const bool refused = input_.refused.contains({partition_, record->offset});
      wall_ = refused ? EventTime{} : EventTime{std::chrono::milliseconds{event_time_ms_end}};
      take_record(batch, partition_, *record, input_.append_time);
      next_ = record->offset + 1;
      return ports::Polled::records;
    }
    if (auto gone = listener_->on_revoked({&partition_, 1}, false); !gone) return gone.error();
    if (++partition_ == input_.topics.partitions()) return ports::Polled::ended;
    if (auto assigned = assign(); !assigned) return assigned.error();
    return ports::Polled::idle;
  }
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override {
    return describe_record(partition, offset);
  }
  Result<void> append(const ports::OutputBuffer& out) override {
    for (const auto& item : out.items()) {
      const std::string key{out.key(item)}, value{out.value(item)};
      if (item.stream == topologies::streams::notices) seen_.notices[key].push_back(value);
      if (item.stream == topologies::streams::ledger) seen_.ledger[key].push_back(value);
      if (item.stream == topologies::streams::deadletters) seen_.deadletters.push_back(value);
    }
    return {};
  }
  Result<void> commit(std::span<ports::CommitPosition>) override { return {}; }
  Result<void> abort() override { return {}; }

 private:
  Result<void> assign() {
    next_ = 0;
    ticked_ = 0;
    const ports::Assignment assignment{.partition = partition_, .committed = 0, .fresh = true};
    return listener_->on_assigned({&assignment, 1});
  }
  [[nodiscard]] const std::vector<Tick>& ticks() const {
    static const std::vector<Tick> none;
    const auto at = input_.ticks.find(partition_);
    return at == input_.ticks.end() ? none : at->second;
  }
  /// Of all that comes before the next record.
  [[nodiscard]] bool tick_due(const LogRecord* record) {
    if (members->timeline(partition_) == nullptr) return false;
    if (ticked_ == ticks().size()) return false;
    return record == nullptr || ticks()[ticked_].position <= record->offset;
  }
  void check_ticked() {
    ticking_ = false;
    const Tick& tick = ticks()[ticked_ - 1];
    const runtime::Timeline* const timeline = members->timeline(partition_);
    if (timeline != nullptr && timeline->now() == tick.time && timeline->next() <= tick.position) {
      return;
    }
    failure_ = "a tick of partition " + std::to_string(partition_) + " to " +
               to_rfc3339(tick.time) + " before position " + std::to_string(tick.position) +
               " has no place in the calm run";
  }

  const CalmInput& input_;
  Seen& seen_;
  ports::AssignmentListener* listener_ = nullptr;
  std::uint32_t partition_ = 0;
  Offset next_ = 0;
  std::size_t ticked_ = 0;
  bool ticking_ = false;
  std::chrono::milliseconds steady_{0};
  EventTime wall_{};
  std::string failure_;
};

EventTime far_day() { return EventTime{std::chrono::milliseconds{1'990'000'000'000}}; }

}  // namespace

CalmRun run_calm(const CalmInput& input) {
  CalmRun run;
  const SimProgram program{input.both_generations};
  const runtime::Topology& topology = program.topology();
  CalmBus bus{input, run.seen};
  Disk disk;
  Faults none;
  FaultyStores stores{disk, none, nullptr};
  runtime::MembersOptions options;
  options.program_id = "sim";
  options.generations = program.generations();
  options.tick_after_idle = tick_after;
  options.key_policy = input.key_policy;
  options.input_partitions = input.topics.partitions();
  options.future_ms_max = input.future_ms_max;
  options.clock_jump_max = input.clock_jump_max;
  options.clock = bus.clock();
  runtime::Members members{topology, bus, nullptr, stores, options};
  bus.members = &members;
  runtime::CommitLoopOptions loop_options;
  loop_options.clock = options.clock;
  loop_options.pipeline.steps_behind = [] { return 0U; };
  runtime::CommitLoop loop{bus, topology.decoder, members, bus, loop_options};
  const std::atomic<bool> stop{false};
  const auto done = loop.run(stop);
  run.failure = done ? bus.failure() : "the calm run: " + to_string(done.error());
  std::sort(run.seen.deadletters.begin(), run.seen.deadletters.end());
  Rested rested;
  for (const auto& [partition, pairs] : disk.partitions()) {
    add_rested(topology, *read_only(disk, partition), rested);
  }
  if (run.failure.empty()) run.failure = rested.failure;
  run.seen.members = std::move(rested.members);
  std::sort(run.seen.members.begin(), run.seen.members.end());
  return run;
}

void add_rested(const runtime::Topology& topology, ports::MemberStore& store, Rested& out) {
  std::vector<ports::DuePlace> due;
  const auto more = store.due({}, no_day - 1, 1'000'000, due);
  check(more.has_value() && !*more, "a simulated disk can be read");
  const auto scanned = store.scan([&](const member::Record& record) -> Result<void> {
    std::string& line = out.members.emplace_back();
    topology.outputs.members.encode(record, far_day(), line);
    if (record.due() != no_day &&
        !std::binary_search(due.begin(), due.end(), ports::DuePlace{record.due(), record.id})) {
      out.failure = "the timer index does not have member " + record.id + ": " + line;
    }
    return store.history(record.id, 1, 1'000'000, [&](const member::LedgerEntry& entry) {
      topology.outputs.ledger.encode(entry, record.id, out.ledger[record.id].emplace_back());
    });
  });
  check(scanned.has_value(), "a simulated disk can be read");
}

}  // namespace fealty::simulation
