#include "storm.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "calm.hpp"
#include "fealty/base/printable.hpp"
#include "life.hpp"
#include "shop_feed.hpp"
#include "topology.hpp"
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
    const auto before = outputs();
    Machine auditor{"auditor", {}, {}};
    if (failure_.empty()) settle(auditor);
    if (const auto after = outputs(); failure_.empty() && after != before) {
      const auto [was, is] = std::mismatch(before.begin(), before.end(), after.begin());
      failure_ = "a takeover published " + *is;
    }
    if (failure_.empty()) failure_ = cluster_.inspect();
    if (failure_.empty()) compare_disks(last.disk, auditor.disk);
    if (failure_.empty()) compare(auditor);
    for (const auto& [partition, ticks] : cluster_.group().ticks()) stats_.ticks += ticks.size();
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
  [[nodiscard]] std::vector<std::string> outputs();
  Seen seen(Disk& disk, std::set<std::pair<std::uint32_t, Offset>>& refused);
  void compare_disks(Disk& worked, Disk& restored);
  void tell_records();
  void tell_notices(const char* whose, const Seen& seen);
  void compare(Machine& auditor);

  World world_;
  const Weather weather_;
  Cluster cluster_;
  ShopFeed feed_;
  std::vector<Machine> machines_;  // the last one may be a twin of the first
  std::vector<bool> replaced_;     // fenced for good
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
  replaced_.assign(workers, false);
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
    if (!live_once(machine, true)) {
      replaced_[number] = true;
      return;
    }
    if (stop_) return;
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

std::vector<std::string> Storm::outputs() {
  std::vector<std::string> out;
  for (const Topic topic : {Topic::notices, Topic::ledger, Topic::deadletters}) {
    PartitionLog& log = cluster_.topics().at({topic, 0});
    for (const LogRecord* record = log.next(0, log.stable()); record != nullptr;
         record = log.next(record->offset + 1, log.stable())) {
      if (record->key != "noise") out.push_back(record->value);
    }
  }
  return out;
}

/// What there is to see; and of the dead letters those that a reader's clock made.
Seen Storm::seen(Disk& disk, std::set<std::pair<std::uint32_t, Offset>>& refused) {
  Seen all;
  const auto read = [&](Topic topic, auto&& take) {
    PartitionLog& log = cluster_.topics().at({topic, 0});
    for (const LogRecord* record = log.next(0, log.stable()); record != nullptr;
         record = log.next(record->offset + 1, log.stable())) {
      if (record->key != "noise") take(*record);
    }
  };
  read(Topic::notices, [&](const LogRecord& r) { all.notices[r.key].push_back(r.value); });
  read(Topic::ledger, [&](const LogRecord& r) { all.ledger[r.key].push_back(r.value); });
  read(Topic::deadletters, [&](const LogRecord& r) {
    all.deadletters.push_back(r.value);
    if (weather_.judge != Weather::Judge::reader) return;
    if (r.value.find("time_in_future") == std::string::npos) return;
    const std::size_t at = r.value.find("sim[");
    const char* const partition = r.value.c_str() + at + 4;
    const std::size_t offset_at = r.value.find("]@", at) + 2;
    refused.emplace(std::strtoul(partition, nullptr, 10),
                    std::strtoull(r.value.c_str() + offset_at, nullptr, 10));
  });
  std::sort(all.deadletters.begin(), all.deadletters.end());
  Rested rested;
  const SimProgram program{weather_.second_generation};
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    add_rested(program.topology(), *read_only(disk, p), rested);
  }
  if (failure_.empty()) failure_ = rested.failure;
  std::erase_if(rested.ledger, [](const auto& of) { return of.second.empty(); });
  if (failure_.empty() && rested.ledger != all.ledger) {
    Seen of_store, of_log;
    of_store.ledger = std::move(rested.ledger);
    of_log.ledger = all.ledger;
    failure_ = "the ledger in the stores is another one; " + difference(of_store, of_log);
  }
  all.members = std::move(rested.members);
  std::sort(all.members.begin(), all.members.end());
  return all;
}

/// What was saved and what the changelog makes of it, byte for byte: all but the store's own place
/// in the changelog, and a checkpoint, which each commit makes anew.
void Storm::compare_disks(Disk& worked, Disk& restored) {
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    Disk::Pairs saved = worked.pairs(p), made = restored.pairs(p);
    for (const char* const own : {"p", "c"}) {
      saved.erase(own);
      made.erase(own);
    }
    if (saved == made) continue;
    const auto [a, b] = std::mismatch(saved.begin(), saved.end(), made.begin(), made.end());
    const bool first = b == made.end() || (a != saved.end() && a->first <= b->first);
    failure_ = "the changelog makes another store than was saved; partition " + std::to_string(p) +
               ", key " + printable(first ? a->first : b->first);
  }
}

/// For who looks at one seed.
void Storm::tell_records() {
  for (const auto& [partition, ticks] : cluster_.group().ticks()) {
    for (const Tick& tick : ticks) {
      world_.tell("tick", partition, tick.position, to_rfc3339(tick.time));
    }
  }
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    PartitionLog& log = cluster_.topics().input(p);
    for (const LogRecord* record = log.next(0, log.high()); record != nullptr;
         record = log.next(record->offset + 1, log.high())) {
      world_.tell("record", p, record->offset, record->value);
    }
  }
}

void Storm::tell_notices(const char* whose, const Seen& seen) {
  for (const auto& line : seen.deadletters) world_.tell(whose, "dead letter", line);
  for (const auto& [member, lines] : seen.notices) {
    for (const auto& line : lines) world_.tell(whose, member, line);
  }
}

void Storm::compare(Machine& auditor) {
  tell_records();
  std::set<std::pair<std::uint32_t, Offset>> refused;
  const Seen got = seen(auditor.disk, refused);
  stats_.refused = refused.size();
  for (const auto& [member, lines] : got.ledger) stats_.entries += lines.size();
  if (!failure_.empty()) return;
  const CalmInput input{.topics = cluster_.topics(),
                        .ticks = cluster_.group().ticks(),
                        .refused = std::move(refused),
                        .append_time = weather_.judge == Weather::Judge::broker,
                        .future_ms_max = weather_.future_ms_max(),
                        .clock_jump_max = weather_.clock_jump_max,
                        .key_policy = weather_.key_policy,
                        .both_generations = weather_.second_generation};
  const CalmRun calm = run_calm(input);
  tell_notices("got", got);
  tell_notices("want", calm.seen);
  failure_ = calm.failure.empty() ? difference(got, calm.seen) : calm.failure;
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
  add_number("refused by a clock, ", refused);
  add_number("ledger entries in ", entries);
  add_number("simulated milliseconds", millis);
  return text;
}

StormEnd run_storm(std::uint64_t seed, Bug bug) { return Storm{seed, bug}.run(); }

}  // namespace fealty::simulation
