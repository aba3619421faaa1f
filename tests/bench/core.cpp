#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fealty/runtime/members.hpp"
#include "fealty/state/memory_store.hpp"
#include "fealty/topologies/members.hpp"
#include "measures.hpp"

namespace fealty::bench {
namespace {

constexpr std::size_t batch_records = 4096;
constexpr std::size_t save_records = 500'000;
constexpr std::size_t cache_bytes_max = std::size_t{64} << 30U;  // nothing is evicted

/// The log as a source that is never asked: the bench hands over what it decodes.
class NoSource final : public ports::Source {
 public:
  Result<void> open(ports::AssignmentListener&) override { return {}; }
  Result<void> start_at(std::uint32_t, ports::Offset) override { return {}; }
  Result<ports::Polled> poll(ports::InputBatch&, std::size_t, std::chrono::milliseconds) override {
    return ports::Polled::ended;
  }
  [[nodiscard]] bool one_clock() const override { return true; }
  [[nodiscard]] std::string describe(std::uint32_t, ports::Offset) const override { return {}; }
};

/// Decodes lines and hands them to the members of one partition.
class CoreRun {
 public:
  CoreRun(const LogFile& log, const program::Program& program)
      : log_{log},
        mapping_{codec::cloudevents_mapping()},
        series_{program},
        topology_{topologies::members_topology(series_, mapping_)},
        decoder_{mapping_},
        members_{quiet(topology_), source_, nullptr, stores_, options(program)} {}

  Result<CorePass> run() {
    const ports::Assignment all{.partition = 0, .committed = 0, .fresh = true, .note = {}};
    if (auto assigned = members_.assign({&all, 1}); !assigned) return assigned.error();
    if (auto opened = members_.open(std::chrono::seconds{1}); !opened) return opened.error();
    for (std::size_t at = 0; at < log_.lines.size(); at += batch_records) {
      decode_batch(at);
      const Timer timer;
      while (true) {
        const auto done = members_.process(batch_, out_);
        if (!done) return done.error();
        if (*done) break;
      }
      timer.stop(result_.pass);
      out_.clear();
      if ((at + batch_records) / save_records != at / save_records) {
        if (auto saved = save(runtime::Flush::Share::due); !saved) return saved.error();
      }
    }
    do {
      if (auto saved = save(runtime::Flush::Share::all); !saved) return saved.error();
    } while (members_.unsaved({.share = runtime::Flush::Share::all}));
    result_.pass.events = log_.lines.size();
    result_.pass.checksum = static_cast<std::uint64_t>(members_.counters().points_issued);
    result_.members = members_.memory().members;
    result_.cache_bytes = members_.memory().bytes;
    return result_;
  }

 private:
  static runtime::Topology& quiet(runtime::Topology& topology) {
    topology.outputs.notices.encode = [](const member::Notice&, std::string_view, std::string&) {};
    topology.outputs.ledger.encode = [](const member::LedgerEntry&, std::string_view,
                                        std::string&) {};
    return topology;
  }
  static runtime::MembersOptions options(const program::Program& program) {
    runtime::MembersOptions options;
    options.flush.distance = std::chrono::seconds{1'000'000};
    options.cache_bytes = cache_bytes_max;
    options.clock_jump_max = std::chrono::days{program.clock_jump_days_max};
    options.program_id = program.id;
    options.generations = {{.version = program.version, .fingerprint = program.fingerprint}};
    return options;
  }

  /// The next lines, as DecodedInput would hand them over.
  void decode_batch(std::size_t first) {
    const std::size_t count = std::min(batch_records, log_.lines.size() - first);
    batch_.input.records.assign(count, {});
    for (std::size_t i = 0; i < count; ++i) {
      batch_.input.records[i].offset = first + i;
      batch_.input.records[i].value = log_.lines[first + i];
    }
    runtime::decode(&decoder_, batch_);
    for (const runtime::DecodedRecord& record : batch_.records) {
      if (!record.decoded) ++result_.pass.refused;
    }
  }

  Result<void> save(runtime::Flush::Share share) {
    positions_.clear();
    members_.prepare({.share = share}, out_, positions_);
    out_.clear();
    return members_.committed(positions_);
  }

  const LogFile& log_;
  const codec::Mapping mapping_;
  program::Series series_;
  runtime::Topology topology_;
  codec::Decoder decoder_;
  NoSource source_;
  state::MemoryStores stores_;
  runtime::Members members_;
  runtime::DecodedBatch batch_;
  ports::OutputBuffer out_;
  std::vector<ports::CommitPosition> positions_;
  CorePass result_;
};

}  // namespace

Result<CorePass> core(const LogFile& log, const program::Program& program) {
  return CoreRun{log, program}.run();
}

}  // namespace fealty::bench
