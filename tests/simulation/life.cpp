#include "life.hpp"

#include <map>
#include <utility>
#include <vector>

#include "fealty/topologies/members.hpp"
#include "sim_changelog.hpp"
#include "sim_sink.hpp"
#include "sim_source.hpp"
#include "topology.hpp"

namespace fealty::simulation {
namespace {

using runtime::DecodedBatch;
using runtime::Flush;

/// Members, and beside them a note of every tick with the commit that covers it, for the oracle.
class Watch final : public runtime::Processor {
 public:
  Watch(World& world, std::string name, runtime::Members& members, std::uint32_t partitions,
        PreparedTicks& prepared)
      : world_{world},
        name_{std::move(name)},
        members_{members},
        partitions_{partitions},
        prepared_{prepared} {}

  Result<void> assign(std::span<const ports::Assignment> partitions) override {
    for (const auto& a : partitions) {
      world_.tell(name_, "assigned", a.partition, "committed", a.committed, a.note,
                  a.fresh ? "fresh" : "");
    }
    return members_.assign(partitions);
  }
  Result<bool> open(std::chrono::milliseconds budget) override { return members_.open(budget); }
  Result<bool> process(DecodedBatch& batch, ports::OutputBuffer& out) override {
    return members_.process(batch, out);
  }
  Result<bool> advance() override {
    std::map<std::uint32_t, EventTime> before;
    each_timeline([&](std::uint32_t p, const auto& timeline) { before[p] = timeline.now(); });
    auto advanced = members_.advance();
    each_timeline([&](std::uint32_t p, const auto& timeline) {
      if (timeline.now() == before[p]) return;
      ticks_[p].push_back({timeline.next(), timeline.now()});
      world_.tell(name_, "ticks", p, "at", timeline.next(), "to", to_rfc3339(timeline.now()));
    });
    return advanced;
  }
  void prepare(const Flush& flush, ports::OutputBuffer& out,
               std::vector<ports::CommitPosition>& positions) override {
    members_.prepare(flush, out, positions);
    auto& covered = prepared_.emplace_back();
    for (const auto& position : positions) {
      world_.tell(name_, "prepares", position.partition, "to", position.committed, position.note,
                  "recover_from", position.recover_from);
      if (auto ticks = ticks_.extract(position.partition)) covered.insert(std::move(ticks));
    }
  }
  Result<void> committed(std::span<const ports::CommitPosition> positions) override {
    for (const auto& position : positions) {
      world_.tell(name_, "committed", position.partition, "to", position.committed);
    }
    return members_.committed(positions);
  }
  [[nodiscard]] bool unsaved(const Flush& flush) const override { return members_.unsaved(flush); }
  bool over_budget() override { return members_.over_budget(); }
  [[nodiscard]] bool repeats() const override { return members_.repeats(); }
  void revoke(std::span<const std::uint32_t> partitions, bool lost) override {
    for (const std::uint32_t p : partitions) {
      ticks_.erase(p);
      world_.tell(name_, lost ? "loses" : "gives away", p);
    }
    members_.revoke(partitions, lost);
  }
  Result<void> restart() override {
    world_.tell(name_, "restarts");
    ticks_.clear();
    prepared_.clear();
    return members_.restart();
  }

 private:
  template <class Visit>
  void each_timeline(Visit visit) {
    for (std::uint32_t p = 0; p < partitions_; ++p) {
      if (const runtime::Timeline* const timeline = members_.timeline(p)) visit(p, *timeline);
    }
  }
  World& world_;
  const std::string name_;
  runtime::Members& members_;
  const std::uint32_t partitions_;
  PreparedTicks& prepared_;
  std::map<std::uint32_t, std::vector<Tick>> ticks_;  // of no commit yet
};

runtime::MachineClock clock_of(World& world, std::chrono::milliseconds skew) {
  runtime::MachineClock clock;
  clock.steady = [&world] {
    return runtime::MachineClock::Steady{std::chrono::hours{1} +
                                         std::chrono::milliseconds{world.now()}};
  };
  clock.wall = [&world, skew] { return world.wall() + skew; };
  return clock;
}

/// A planted fault: saved versions are in the store before their commit is done.
class EarlyStores final : public ports::Sink {
 public:
  EarlyStores(SimSink& sink, Disk& disk) : sink_{sink}, disk_{disk} {}
  Result<void> append(const ports::OutputBuffer& out) override {
    for (const auto& item : out.items()) {
      if (item.stream != topologies::streams::changelog) continue;
      const auto store = read_only(disk_, item.partition);
      const auto checkpoint = store->checkpoint();
      if (!checkpoint) return checkpoint.error();
      const std::uint64_t position = *checkpoint ? (*checkpoint)->changelog_position : 0;
      if (auto kept = store->restore(out.key(item), out.value(item), position); !kept) return kept;
      if (auto kept = store->restored(position); !kept) return kept;
      disk_.end_write();
    }
    return sink_.append(out);
  }
  Result<void> commit(std::span<ports::CommitPosition> positions) override {
    return sink_.commit(positions);
  }
  Result<void> abort() override { return sink_.abort(); }

 private:
  SimSink& sink_;
  Disk& disk_;
};

}  // namespace

LifeEnd live(Trouble& process, Machine& machine, const LifeOptions& options,
             const std::atomic<bool>& stop) {
  LifeEnd end;
  World& world = process.world();
  SimProgram program{options.both_generations};
  PreparedTicks ticks;
  SimSource source{process, machine.instance, options.append_time};
  SimSink sink{process, machine.transactional_id, options.token, ticks};
  SimChangelog changelog{process, [&](std::uint32_t partition, std::uint64_t next) {
                           sink.changelog_read(partition, next);
                         }};
  source.on_gone = [&](std::uint32_t partition) { sink.forget(partition); };
  SimStores stores{machine.disk, process};
  EarlyStores early{sink, machine.disk};

  runtime::MembersOptions members_options = options.members;
  members_options.generations = program.generations();
  members_options.changelog = true;
  members_options.clock = clock_of(world, options.clock_skew);
  runtime::CommitLoopOptions loop_options = options.loop;
  loop_options.clock = members_options.clock;
  loop_options.pipeline.steps_behind = [&world, most = options.steps_behind_max] {
    return static_cast<std::uint32_t>(world.pick(most + 1));
  };
  runtime::Members members{program.topology(), source, &changelog, stores, members_options};
  Watch watch{world, options.token, members, process.cluster().options().partitions, ticks};
  const bool save_early = process.cluster().bug() == Bug::store_before_commit;
  ports::Sink& used = save_early ? static_cast<ports::Sink&>(early) : sink;
  runtime::CommitLoop loop{source, program.topology().decoder, watch, used, loop_options};
  loop.hooks.on_progress = [&] {
    if (!program.has_both() && !end.refused && options.deployed()) {
      if (auto added = program.add_second(members); !added) end.refused = added.error();
      world.tell(options.token, "adopts", end.refused ? to_string(*end.refused) : "");
      if (options.on_both) options.on_both();
    }
    if (options.on_progress) options.on_progress(members);
  };
  world.tell(options.token, "begins on", machine.transactional_id);
  try {
    auto done = sink.open();
    if (done) done = loop.run(stop);
    if (!done) end.error = done.error();
    if (process.member()) process.cluster().group().leave(*process.member());
  } catch (const Died&) {
    end.died = true;
  }
  world.tell(options.token, end.died ? "dies" : end.error ? to_string(*end.error) : "ends");
  end.had_both = program.has_both();
  end.commits = loop.commits();
  end.aborts = loop.aborts();
  end.unsure = sink.unsure();
  end.evicted = members.memory().evictions;
  return end;
}

}  // namespace fealty::simulation
