#include "weather.hpp"

#include "topology.hpp"

namespace fealty::simulation {

Weather draw_weather(World& world, std::uint64_t seed) {
  Weather weather;
  weather.workers = 1 + world.pick(3);
  weather.twin = world.one_in(4);
  weather.twin_after = static_cast<Millis>(world.pick(6'000));
  weather.static_members = world.one_in(3);
  weather.deaths = world.one_in(6) ? 0 : world.between(3, 20);
  weather.after_last = static_cast<Millis>(world.pick(5'000));
  weather.judge = static_cast<Weather::Judge>(world.pick(3));
  weather.ticks = world.one_in(2);
  weather.tight = world.one_in(2);
  // A reader's clock decides by itself then: see CalmInput.
  if (weather.judge == Weather::Judge::reader) weather.clock_jump_max = std::chrono::days{50'000};

  ClusterOptions& cluster = weather.cluster;
  cluster.partitions =
      static_cast<std::uint32_t>(world.one_in(6) ? 5 + world.pick(12) : 1 + world.pick(4));
  cluster.transactions.group_first = world.one_in(3);
  cluster.transactions.marker_every = world.one_in(4) ? world.between(5, 40) : world.between(1, 4);
  cluster.compact_every = world.one_in(3) ? 0 : 10 + world.pick(200);
  cluster.retain_every = world.one_in(3) ? 0 : 40 + world.pick(300);
  cluster.group.session_timeout = static_cast<Millis>(world.between(1'000, 4'000));
  cluster.group.poll_interval_max = static_cast<Millis>(world.between(4'000, 20'000));
  cluster.transactions.timeout = static_cast<Millis>(world.between(3'000, 9'000));
  cluster.shuffle_every = world.one_in(2) ? 100 + world.pick(1'000) : 0;
  cluster.expire_every = world.one_in(3) ? 10 : 0;
  cluster.start_latest = world.one_in(4);

  FeedOptions& feed = weather.feed;
  feed.seed = seed * 7;
  feed.members = static_cast<int>(world.between(5, 40));
  feed.records = static_cast<std::uint32_t>(world.between(80, 400));
  feed.every = world.between(4, 80);
  feed.transactions = world.one_in(3) ? 0 : world.between(2, 12);
  feed.far_events = world.one_in(2) ? 40 + world.pick(100) : 0;
  feed.ahead_events = world.one_in(2) ? 5 + world.pick(40) : 0;

  weather.key_policy = static_cast<runtime::KeyPolicy>(world.pick(3));
  feed.wrong_keys = world.one_in(2) ? 20 + world.pick(60) : 0;
  weather.second_generation = world.one_in(3);
  if (weather.second_generation) {
    // A jump over its first day, before all have it, would shut it out.
    feed.far_events = 0;
    feed.second_from = start_of(SimProgram::second_from());
    feed.second_known = feed.second_from - std::chrono::days{world.between(60, 200)};
  }

  weather.trouble.unsure_every = world.one_in(2) ? 4 + world.pick(40) : 0;
  weather.trouble.refused_every = world.one_in(2) ? 6 + world.pick(60) : 0;
  return weather;
}

namespace {

/// Room for `bytes` of members beside what is held in any case: a segment of their log, the cache's
/// index, and one of unsaved rows for each partition.
std::size_t tight_cache(std::uint32_t partitions, std::size_t bytes) {
  return (std::size_t{2} << 20U) + std::size_t{17'000} * partitions + 12'000 + bytes;
}

}  // namespace

LifeOptions draw_life(World& world, const Weather& weather) {
  LifeOptions life;
  runtime::MembersOptions& members = life.members;
  members.flush.distance_events = world.pick(150);
  members.flush.distance = std::chrono::seconds{1 + world.pick(60)};
  if (world.one_in(4)) members.flush.bytes_max = 1 + world.pick(6000);
  members.cache_bytes = std::size_t{8} << 20U;
  if (weather.tight)
    members.cache_bytes = tight_cache(weather.cluster.partitions, world.pick(25'000));
  members.turn_members = 1 + world.pick(world.one_in(2) ? 3 : 20);
  if (weather.ticks) {
    members.tick_after_idle = std::chrono::milliseconds{world.between(1, 3000)};
  }
  members.clock_jump_max = weather.clock_jump_max;
  members.future_ms_max = weather.future_ms_max();
  members.program_id = "sim";
  members.key_policy = weather.key_policy;
  members.input_partitions = weather.cluster.partitions;
  if (world.one_in(4)) members.publish_within = std::chrono::milliseconds{world.pick(3) * 500};
  if (world.one_in(2)) members.recovery_target = std::chrono::milliseconds{1 + world.pick(2000)};
  life.append_time = weather.judge == Weather::Judge::broker;

  runtime::CommitLoopOptions& loop = life.loop;
  // Some storms abort all but one in many: a run that is to give up in them shows nothing.
  loop.setbacks.aborts_max = 1000;
  loop.setbacks.aborting_max = std::chrono::hours{24};
  loop.input.records_max = 1 + world.pick(20);
  loop.commit.events_max = 5 + world.pick(60);
  loop.commit.interval = std::chrono::milliseconds{world.one_in(4) ? 0 : world.between(1, 800)};
  loop.commit.idle = std::chrono::seconds{1 + world.pick(60)};
  if (world.one_in(3)) loop.pipeline.queue_bytes_max = 1 + world.pick(4000);
  life.steps_behind_max = world.one_in(2) ? 0 : world.between(1, 8);
  life.clock_skew =
      std::chrono::milliseconds{static_cast<std::int64_t>(world.pick(240'000)) - 120'000};
  return life;
}

Trouble::Plan draw_plan(World& world) {
  using Kind = Trouble::Plan::Kind;
  Trouble::Plan plan;
  const std::uint64_t kind = world.pick(8);
  plan.kind = kind < 5 ? Kind::die : kind < 7 ? Kind::freeze : Kind::wait;
  plan.call = static_cast<Call>(world.pick(call_count));
  plan.nth = 1 + world.pick(world.one_in(3) ? 30 : 4);
  plan.time = static_cast<Millis>(world.pick(world.one_in(4) ? 25'000 : 8'000));
  return plan;
}

}  // namespace fealty::simulation
