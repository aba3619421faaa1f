#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "harness.hpp"
#include "seeds.hpp"
#include "shop_log.hpp"
#include "topology.hpp"

namespace fealty::simulation {
namespace {

std::vector<std::string> records(std::uint64_t seed, int count, int members) {
  ShopLog shop{seed, members};
  std::vector<std::string> made;
  for (int i = 0; i < count; ++i) made.push_back(shop.next());
  return made;
}

/// Members sent to the partition that a producer's partitioner would choose; records without one to
/// 0.
std::vector<std::vector<std::string>> spread(const std::vector<std::string>& all,
                                             std::size_t over) {
  std::vector<std::vector<std::string>> lists(over);
  for (const std::string& record : all) {
    const auto at = record.find("\"subject\":\"m");
    const std::size_t member =
        at == std::string::npos ? 0 : static_cast<std::size_t>(std::atoi(&record[at + 12]));
    lists[member % over].push_back(record);
  }
  return lists;
}

EventTime far_clock() { return EventTime{std::chrono::milliseconds{1'900'000'000'000}}; }

Seen run_whole(const std::vector<std::vector<std::string>>& input, const RunOptions& run) {
  SimLog log{input};
  Disk disk;
  Faults none;
  EXPECT_TRUE(live_once(sim_topology(), log, disk, none, run));
  return seen(sim_topology(), log, disk, far_clock());
}

TEST(Recovery, ACrashAtEachStepLosesAndDoublesNothing) {
  const auto input = spread(records(1, 600, 12), 2);
  const RunOptions run;
  const Seen expected = run_whole(input, run);
  ASSERT_FALSE(expected.ledger.empty());
  ASSERT_FALSE(expected.notices.empty());
  ASSERT_FALSE(expected.deadletters.empty());
  for (const Step step : all_steps) {
    for (const std::uint64_t nth : {1U, 2U, 3U, 5U, 8U, 13U}) {
      SCOPED_TRACE("step " + std::to_string(static_cast<int>(step)) + " time " +
                   std::to_string(nth));
      SimLog log{input};
      Disk disk;
      Faults faults;
      faults.cut_at(step, nth);
      bool ended = live_once(sim_topology(), log, disk, faults, run);
      for (int lives = 1; !ended && lives < 5; ++lives) {
        Faults none;
        ended = live_once(sim_topology(), log, disk, none, run);
      }
      ASSERT_TRUE(ended);
      EXPECT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
    }
  }
}

/// What a commit in flight may run into, each at many moments: the worker is up to five batches
/// ahead of its sink, and the end is the same as where it never is.
TEST(CommitInFlight, ACrashAtEachStepLosesAndDoublesNothing) {
  const auto input = spread(records(6, 700, 14), 2);
  const Seen expected = run_whole(input, RunOptions{});
  RunOptions run;
  run.sink_steps_max = 5;
  for (const std::size_t cache_bytes : {tight_cache(4'000), std::size_t{8} << 20U}) {
    run.cache_bytes = cache_bytes;
    for (const Step step : all_steps) {
      for (std::uint64_t nth = 1; nth <= 24; ++nth) {
        SCOPED_TRACE("step " + std::to_string(static_cast<int>(step)) + " time " +
                     std::to_string(nth));
        run.sink_seed = nth;
        SimLog log{input};
        Disk disk;
        Faults faults;
        faults.cut_at(step, nth);
        bool ended = live_once(sim_topology(), log, disk, faults, run);
        if (!ended && nth % 3 == 0) disk.wipe();
        for (int lives = 1; !ended && lives < 5; ++lives) {
          Faults none;
          ended = live_once(sim_topology(), log, disk, none, run);
        }
        ASSERT_TRUE(ended);
        ASSERT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
      }
    }
  }
}

TEST(CommitInFlight, ThePartitionsOfARebalanceGoCommittedOrNotAtAll) {
  const auto input = spread(records(7, 900, 20), 3);
  const Seen expected = run_whole(input, RunOptions{});
  RunOptions run;
  run.commit_events = 20;
  for (const bool lost : {false, true}) {
    for (const std::uint32_t behind : {0U, 1U, 4U}) {
      for (std::uint64_t at = 2; at < 90; at += 3) {
        SCOPED_TRACE("lost " + std::to_string(lost) + " at " + std::to_string(at));
        run.sink_steps_max = behind;
        run.sink_seed = at;
        run.rebalances = {{.goes_at = at, .comes_at = at + 4, .partition = 1, .lost = lost},
                          {.goes_at = at + 2, .comes_at = at + 3, .partition = 0, .lost = !lost}};
        SimLog log{input};
        Disk disk;
        Faults none;
        ASSERT_TRUE(live_once(sim_topology(), log, disk, none, run));
        ASSERT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
      }
    }
  }
}

TEST(Recovery, ALostDiskIsMadeAgainFromTheChangelog) {
  const auto input = spread(records(2, 600, 12), 2);
  const RunOptions run;
  const Seen expected = run_whole(input, run);
  for (const std::uint64_t nth : {1U, 4U, 9U, 16U}) {
    SimLog log{input};
    Disk disk;
    Faults faults;
    faults.cut_at(Step::commit_end, nth);
    ASSERT_FALSE(live_once(sim_topology(), log, disk, faults, run));
    disk.wipe();
    Faults none;
    ASSERT_TRUE(live_once(sim_topology(), log, disk, none, run));
    EXPECT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
  }
}

TEST(Recovery, MembersSpillingOutOfTheCacheChangeNothing) {
  const auto input = spread(records(3, 800, 60), 2);
  const Seen expected = run_whole(input, RunOptions{});
  RunOptions tight;
  tight.cache_bytes = 40'000;  // about a third of the members, and each step saves all
  std::uint64_t evicted = 0;
  tight.evicted = &evicted;
  EXPECT_EQ(difference(run_whole(input, tight), expected), "");
  EXPECT_GT(evicted, 100U);
  for (const Step step : {Step::store_load, Step::store_save, Step::commit_end}) {
    for (const std::uint64_t nth : {1U, 7U, 20U}) {
      SimLog log{input};
      Disk disk;
      Faults faults;
      faults.cut_at(step, nth);
      if (!live_once(sim_topology(), log, disk, faults, tight)) {
        Faults none;
        ASSERT_TRUE(live_once(sim_topology(), log, disk, none, tight));
      }
      EXPECT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
    }
  }
}

TEST(Saves, GoInPortionsHoweverBusyTheirMembersAre) {
  // Given a few members with a long history each, and one save of all at the end.
  const auto input = spread(records(6, 4000, 8), 1);
  RunOptions run;
  run.file_partitions = 1;
  run.checkpoint_distance = 1'000'000;
  std::size_t member = 0, portion = 0, all = 0;
  run.largest_save = &all;
  const Seen expected = run_whole(input, run);
  // When a portion may hold one member at most, then about two, all comes out the same,
  run.save_bytes_max = 1;
  run.largest_save = &member;
  EXPECT_EQ(difference(run_whole(input, run), expected), "");
  run.save_bytes_max = 2 * member;
  run.largest_save = &portion;
  EXPECT_EQ(difference(run_whole(input, run), expected), "");
  // and no portion is larger by more than a member.
  EXPECT_GT(all, 6 * member);
  EXPECT_GT(portion, member);
  EXPECT_LE(portion, 3 * member);
}

TEST(Saves, FollowAsCloselyAsARecoveryMayTakeTime) {
  // Given a distance that is never reached, so that all is saved at the end in one.
  const auto input = spread(records(300, 4000, 8), 1);
  RunOptions run;
  run.file_partitions = 1;
  run.checkpoint_distance = 1'000'000;
  std::size_t at_the_end = 0, on_the_way = 0;
  run.largest_save = &at_the_end;
  const Seen expected = run_whole(input, run);
  // When a millisecond must do for a recovery, that is a hundred events, then little is left for
  // it.
  run.recovery_target = std::chrono::milliseconds{1};
  run.largest_save = &on_the_way;
  EXPECT_EQ(difference(run_whole(input, run), expected), "");
  EXPECT_LT(on_the_way, at_the_end / 2);
}

TEST(Recovery, ARecordedLogWithoutAChangelogGoesOnFromItsManifest) {
  const auto input = spread(records(4, 700, 15), 1);
  RunOptions run;
  run.file_partitions = 3;
  const Seen expected = run_whole(input, run);
  for (const Step step : all_steps) {
    for (const std::uint64_t nth : {1U, 3U, 6U, 11U}) {
      if (step == Step::append_abort || step == Step::commit_abort)
        continue;  // Files know no abort.
      SimLog log{input};
      Disk disk;
      Faults faults;
      faults.cut_at(step, nth);
      if (!live_once(sim_topology(), log, disk, faults, run)) {
        Faults none;
        ASSERT_TRUE(live_once(sim_topology(), log, disk, none, run));
      }
      EXPECT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
    }
  }
}

TEST(Determinism, PartitionsAndBatchSizesChangeNothing) {
  const auto input = spread(records(5, 900, 25), 1);
  RunOptions run;
  run.file_partitions = 1;
  const Seen expected = run_whole(input, run);
  for (const std::uint32_t partitions : {1U, 3U, 8U}) {
    for (const std::size_t batch : {std::size_t{1}, std::size_t{64}, std::size_t{10'000}}) {
      run.file_partitions = partitions;
      run.batch_records = batch;
      EXPECT_EQ(difference(run_whole(input, run), expected), "")
          << partitions << " partitions, batches of " << batch;
    }
  }
}

TEST(Determinism, LanesChangeNotOneByteNorTheOrder) {
  for (const std::uint64_t seed : {5U, 6U, 7U}) {
    const auto input = spread(records(seed, 4'000, 400), 1);
    const auto outputs = [&](std::size_t lanes, std::size_t batch_records) {
      RunOptions run;
      run.file_partitions = 8;
      run.lanes = lanes;
      run.batch_records = batch_records;
      run.commit_events = 300;
      SimLog log{input};
      for (event::Offset offset = 0; offset < 4'000; offset += 13) {
        log.recorded[offset] = {.topic = "sim", .offset = offset, .refused = true};
      }
      Disk disk;
      Faults none;
      EXPECT_TRUE(live_once(sim_topology(), log, disk, none, run));
      return log.outputs;
    };
    const auto expected = outputs(1, 1'000);
    ASSERT_FALSE(expected.empty());
    for (const std::size_t lanes : {2U, 3U, 8U, 11U}) {
      for (const std::size_t batch : {1U, 7U, 1'000U}) {
        EXPECT_EQ(outputs(lanes, batch), expected) << lanes << " lanes, batches of " << batch;
      }
    }
  }
}

TEST(Determinism, ASinkOnAThreadOfItsOwnChangesNothing) {
  const auto input = spread(records(8, 900, 25), 2);
  const Seen expected = run_whole(input, RunOptions{});
  RunOptions run;
  run.sink_thread = true;
  for (const std::size_t cache_bytes : {tight_cache(4'000), std::size_t{8} << 20U}) {
    run.cache_bytes = cache_bytes;
    for (const std::uint64_t commit_events : {1U, 20U, 400U}) {
      run.commit_events = commit_events;
      EXPECT_EQ(difference(run_whole(input, run), expected), "");
    }
  }
}

/// Random cuts, many lives.
TEST(Simulation, RandomCutsInManyLivesLoseAndDoubleNothing) {
  std::vector<std::uint64_t> seeds = seeds_to_run();
  seeds.push_back(2486);  // found a timer that nobody knew of any more
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE(rerun(seed));
    const SeedNote note{seed};
    std::mt19937_64 random{seed};
    const auto pick = [&](std::uint64_t below) { return random() % below; };
    const bool file = pick(3) == 0;
    RunOptions run;
    run.batch_records = 1 + pick(20);
    run.commit_events = 5 + pick(40);
    run.checkpoint_distance = pick(150);
    constexpr std::array<std::size_t, 3> caches{30'000, tight_cache(10'000), std::size_t{8} << 20U};
    run.cache_bytes = caches.at(pick(caches.size()));
    run.turn_members = 1 + pick(20);
    run.file_partitions = file ? 1 + static_cast<std::uint32_t>(pick(4)) : 0;
    run.lanes = 1 + seed % 4;
    run.sink_steps_max = static_cast<std::uint32_t>(pick(2) * pick(8));
    run.sink_seed = seed;
    const auto input =
        spread(records(seed * 7, 400, 5 + static_cast<int>(pick(30))), file ? 1 : 1 + pick(3));
    RunOptions calm;
    calm.file_partitions = run.file_partitions;
    const Seen expected = run_whole(input, calm);

    SimLog log{input};
    Disk disk;
    bool ended = false;
    for (int lives = 0; !ended && lives < 60; ++lives) {
      Faults faults;
      if (lives < 50) faults.cut_at(all_steps[pick(std::size(all_steps))], 1 + pick(12));
      if (!file && pick(4) == 0) disk.wipe();
      // Without fsync the last writes may not be there.
      if (lives > 0 && pick(3) == 0) disk.cut_back(1 + pick(5));
      ended = live_once(sim_topology(), log, disk, faults, run);
    }
    ASSERT_TRUE(ended);
    ASSERT_EQ(difference(seen(sim_topology(), log, disk, far_clock()), expected), "");
  }
}

}  // namespace
}  // namespace fealty::simulation
