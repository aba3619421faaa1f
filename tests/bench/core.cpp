#include <algorithm>
#include <chrono>
#include <vector>

#include "fealty/runtime/clock.hpp"
#include "fealty/runtime/task.hpp"
#include "fealty/state/memory_store.hpp"
#include "fealty/topologies/members.hpp"
#include "measures.hpp"

namespace fealty::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t batch_records = 4096;
constexpr std::size_t save_records = 500'000;
constexpr std::size_t cache_bytes_max = std::size_t{64} << 30U;  // nothing is evicted

/// Decodes lines, stamps them with the clock, and hands them to one task.
class CoreRun {
 public:
  CoreRun(const LogFile& log, const program::Program& program)
      : log_{log},
        mapping_{codec::cloudevents_mapping()},
        series_{program},
        topology_{topologies::members_topology(series_, mapping_)},
        decoder_{mapping_},
        cache_{cache_bytes_max},
        clock_{std::chrono::days{program.clock_jump_days_max}},
        task_{0, quiet(topology_), store_, cache_, task_options(program)} {}

  Result<CorePass> run() {
    if (auto opened = task_.open(0, true); !opened) return opened.error();
    for (std::size_t at = 0; at < log_.lines.size(); at += batch_records) {
      decode_batch(at);
      const Timer timer;
      if (auto applied = task_.apply(given_, out_); !applied) return applied.error();
      if (auto ended = task_.end_batch(next_, clock_.state(), false, out_); !ended) {
        return ended.error();
      }
      timer.stop(result_.pass);
      out_.clear();
      if (next_ / save_records != at / save_records) {
        if (auto saved = save(runtime::Task::Save::due); !saved) return saved.error();
      }
    }
    if (auto saved = save(runtime::Task::Save::all); !saved) return saved.error();
    result_.pass.events = log_.lines.size();
    result_.pass.checksum = static_cast<std::uint64_t>(task_.counters().points_issued);
    result_.members = cache_.size();
    result_.cache_bytes = cache_.bytes();
    return result_;
  }

 private:
  static runtime::Topology& quiet(runtime::Topology& topology) {
    topology.encode_notice = [](const member::Notice&, std::string_view, std::string&) {};
    topology.encode_entry = [](const member::LedgerEntry&, std::string_view, std::string&) {};
    return topology;
  }
  static runtime::TaskOptions task_options(const program::Program& program) {
    runtime::TaskOptions options;
    options.checkpoint_distance = std::chrono::seconds{1'000'000};
    options.program_id = program.id;
    options.program_version = program.version;
    options.program_fingerprint = program.fingerprint;
    options.describe = [](std::uint32_t, ports::Offset) { return std::string{}; };
    return options;
  }

  /// The next lines, as DecodedInput and Worker would hand them over; refused ones are left out.
  void decode_batch(std::size_t first) {
    const std::size_t count = std::min(batch_records, log_.lines.size() - first);
    texts_.reset();
    raw_.resize(count);
    records_.resize(count);
    given_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      raw_[i].offset = first + i;
      raw_[i].value = log_.lines[first + i];
      runtime::DecodedRecord& record = records_[i];
      record.raw = &raw_[i];
      if (!decoder_.decode(raw_[i].value, {}, first + i, texts_, record.event)) {
        ++result_.pass.refused;
        continue;
      }
      record.decoded = true;
      record.clock_before = clock_.now();
      record.day_before = topology_.day(record.clock_before);
      clock_.observe(record.event.time);
      record.clock_after = clock_.now();
      record.day_after = topology_.day(record.clock_after);
      given_.push_back(&record);
    }
    next_ = first + count;
  }

  Result<void> save(runtime::Task::Save which) {
    task_.prepare_commit(which, SteadyClock::now(), out_);
    out_.clear();
    return task_.commit_done(task_.commit_position());
  }

  const LogFile& log_;
  const codec::Mapping mapping_;
  program::Series series_;
  runtime::Topology topology_;
  codec::Decoder decoder_;
  state::MemoryStore store_;
  runtime::MemberCache cache_;
  runtime::Clock clock_;
  runtime::Task task_;
  Arena texts_;
  std::vector<ports::InputRecord> raw_;
  std::vector<runtime::DecodedRecord> records_;
  std::vector<const runtime::DecodedRecord*> given_;
  ports::OutputBuffer out_;
  ports::Offset next_ = 0;
  CorePass result_;
};

}  // namespace

Result<CorePass> core(const LogFile& log, const program::Program& program) {
  return CoreRun{log, program}.run();
}

}  // namespace fealty::bench
