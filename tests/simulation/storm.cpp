#include "storm.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "life.hpp"
#include "shop_feed.hpp"
#include "verdict.hpp"
#include "weather.hpp"

namespace fealty::simulation {
namespace {

/// Port calls of all workers together: many times what a seed needs.
constexpr std::uint64_t passes_max = 400'000;

class Storm {
 public:
  Storm(std::uint64_t seed, Bug bug)
      : world_{seed, passes_max},
        weather_{draw_weather(world_, seed)},
        cluster_{world_, weather_.cluster, bug},
        feed_{world_, cluster_, weather_.feed} {}

  StormEnd run() {
    if (weather_.cluster.start_latest) begin_at_the_beginning();
    rage();
    Machine& last = machines_[world_.pick(machines_.size())];
    if (failure_.empty()) settle(last);
    Verdict verdict{world_, weather_, cluster_};
    const auto before = verdict.outputs();
    Machine auditor{"auditor", {}, {}};
    if (failure_.empty()) settle(auditor);
    if (const auto after = verdict.outputs(); failure_.empty() && after != before) {
      const auto [was, is] = std::mismatch(before.begin(), before.end(), after.begin());
      failure_ = "a takeover published " + *is;
    }
    if (failure_.empty()) failure_ = verdict.of(last.disk, auditor.disk, stats_);
    for (const auto& [partition, ticks] : cluster_.group().ticks()) stats_.ticks += ticks.size();
    stats_.expired = cluster_.expired();
    stats_.millis = static_cast<std::uint64_t>(world_.now());
    return {std::move(failure_), stats_};
  }

 private:
  void begin_at_the_beginning();
  void rage();
  void work(std::size_t number);
  bool live_once(Machine& machine, bool troubled);
  void judge(const LifeEnd& end, bool stopped);
  void settle(Machine& machine);
  [[nodiscard]] bool settled(const runtime::Members& members);

  World world_;
  const Weather weather_;
  Cluster cluster_;
  ShopFeed feed_;
  std::vector<Machine> machines_;  // the last one may be a twin of the first
  bool twin_up_ = false;
  std::atomic<bool> stop_{false};
  std::optional<Millis> ends_at_;
  std::uint64_t deaths_left_ = 0;
  std::uint64_t tokens_ = 0;
  std::string failure_;
  StormStats stats_;
};

/// An operator set the group's offsets, and a group without any begins at the end.
void Storm::begin_at_the_beginning() {
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    cluster_.group().set_offset(p, 0);
  }
}

void Storm::rage() {
  const std::size_t workers = weather_.workers + (weather_.twin ? 1 : 0);
  for (std::size_t i = 0; i < workers; ++i) {
    const bool twin = i == weather_.workers;
    const std::string id = "worker-" + std::to_string(twin ? 0 : i);
    machines_.push_back({id, weather_.static_members ? id : std::string{}, {}});
  }
  deaths_left_ = weather_.deaths;
  world_.upkeep = [this] {
    cluster_.tick();
    feed_.tick();
    if (!feed_.done()) return;
    if (!ends_at_) ends_at_ = world_.now() + weather_.after_last;
    if (world_.now() >= *ends_at_) stop_ = true;
  };
  for (std::size_t i = 0; i < workers; ++i) {
    world_.add_actor([this, i] { work(i); });
  }
  if (!world_.run() && failure_.empty()) failure_ = "the storm does not end";
  feed_.close();
  cluster_.calm();
}

/// A supervisor: it starts the worker again whenever it ended.
void Storm::work(std::size_t number) {
  Machine& machine = machines_[number];
  if (number == weather_.workers) {
    // Somebody takes the first worker for dead and starts it elsewhere.
    world_.sleep(weather_.twin_after);
    machine.disk = machines_[0].disk;
    machine.disk.cut_back(world_.pick(30));
    if (world_.one_in(3)) machine.disk.wipe();
    twin_up_ = true;
  } else {
    world_.sleep(static_cast<Millis>(world_.pick(400)));
  }
  while (!stop_ && failure_.empty()) {
    if (!live_once(machine, true) || stop_) return;
    world_.sleep(static_cast<Millis>(world_.pick(1'000)));
  }
}

/// False where another worker of the same identity has taken its place.
bool Storm::live_once(Machine& machine, bool troubled) {
  Trouble process{world_, cluster_, troubled ? weather_.trouble : TroubleOptions{}};
  if (troubled && deaths_left_ > 0 && !world_.one_in(4)) {
    --deaths_left_;
    process.plan(draw_plan(world_));
  }
  LifeOptions options = draw_life(world_, weather_);
  options.token = "life" + std::to_string(++tokens_);
  bool waits = weather_.second_generation && !feed_.deployed();
  options.both_generations = feed_.deployed();
  options.deployed = [this] { return feed_.deployed(); };
  options.on_both = [&] {
    waits = false;
    feed_.one_follows();
    ++stats_.adopted;
  };
  if (waits) feed_.one_waits();
  const LifeEnd end = live(process, machine, options, stop_);
  if (waits) feed_.one_follows();
  judge(end, stop_);
  if (end.died) {
    if (world_.one_in(2)) machine.disk.cut_back(1 + world_.pick(12));
    if (world_.one_in(6)) machine.disk.wipe();
  }
  return !end.error || end.error->code != Errc::fenced;
}

/// Errors that are to be expected here: everything else is a fault.
void Storm::judge(const LifeEnd& end, bool stopped) {
  ++stats_.lives;
  stats_.died += end.died ? 1 : 0;
  stats_.commits += end.commits;
  stats_.aborts += end.aborts;
  stats_.unsure += end.unsure;
  stats_.evicted += end.evicted;
  if (end.refused) failure_ = "a reload: " + to_string(*end.refused);
  if (!end.error) return;
  const bool fenced = end.error->code == Errc::fenced && twin_up_;
  // The last commit of a worker that is stopped may be refused, for the others move, too.
  const bool aborted = end.error->code == Errc::transaction_aborted && stopped;
  const bool unreachable = end.error->code == Errc::broker_unreachable;
  // It was away while another one took up the second generation: it is started with it next.
  const bool outdated = end.error->code == Errc::wrong_program && !end.had_both;
  stats_.fenced += fenced ? 1 : 0;
  if (!fenced && !aborted && !unreachable && !outdated)
    failure_ = "a worker: " + to_string(*end.error);
}

bool Storm::settled(const runtime::Members& members) {
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    const runtime::Timeline* const timeline = members.timeline(p);
    const GroupOffset* const offset = cluster_.group().offset_of(p);
    PartitionLog& log = cluster_.topics().input(p);
    if (timeline == nullptr || timeline->recovering() || offset == nullptr) return false;
    if (timeline->worked_off().turn) return false;
    if (log.stable() != log.high()) return false;
    if (log.next(offset->offset, log.high()) != nullptr) return false;
  }
  return true;
}

/// One worker takes all, works off what is left, and is stopped.
void Storm::settle(Machine& machine) {
  world_.upkeep = [this] { cluster_.tick(); };
  world_.add_actor([&] {
    bool again = true;  // what the storm has left open may take longer than one waits
    while (again && failure_.empty()) {
      stop_ = false;
      Trouble process{world_, cluster_, {}};
      LifeOptions options = draw_life(world_, weather_);
      options.token = "settler" + std::to_string(++tokens_);
      options.both_generations = weather_.second_generation;
      options.loop.commit.interval = std::chrono::milliseconds{20};
      if (machine.transactional_id == "auditor") options.members.tick_after_idle = {};
      options.on_progress = [this](const runtime::Members& members) {
        if (settled(members)) stop_ = true;
      };
      const LifeEnd end = live(process, machine, options, stop_);
      judge(end, stop_);
      again = end.error.has_value();
    }
    while (!cluster_.transactions().quiet()) world_.sleep(50);
  });
  if (!world_.run() && failure_.empty()) failure_ = "no rest after the storm";
}

}  // namespace

void StormStats::add(const StormStats& other) {
  lives += other.lives;
  died += other.died;
  fenced += other.fenced;
  adopted += other.adopted;
  commits += other.commits;
  aborts += other.aborts;
  unsure += other.unsure;
  evicted += other.evicted;
  ticks += other.ticks;
  expired += other.expired;
  refused += other.refused;
  entries += other.entries;
  millis += other.millis;
}

std::string StormStats::text() const {
  std::string text;
  const auto add_number = [&](const char* what, std::uint64_t number) {
    text += std::to_string(number) + ' ' + what;
  };
  add_number("lives, ", lives);
  add_number("died, ", died);
  add_number("were fenced, ", fenced);
  add_number("took up a generation; ", adopted);
  add_number("commits, ", commits);
  add_number("aborts, ", aborts);
  add_number("of unknown outcome; ", unsure);
  add_number("evictions, ", evicted);
  add_number("ticks, ", ticks);
  add_number("expired offsets, ", expired);
  add_number("refused by a clock, ", refused);
  add_number("ledger entries in ", entries);
  add_number("simulated milliseconds", millis);
  return text;
}

StormEnd run_storm(std::uint64_t seed, Bug bug) { return Storm{seed, bug}.run(); }

}  // namespace fealty::simulation
