// What storms rest on: the simulated brokers, and what no storm may do to a worker.
#include "cluster.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "life.hpp"
#include "shop_feed.hpp"

namespace fealty::simulation {
namespace {

std::vector<std::string> values(const PartitionLog& log) {
  std::vector<std::string> out;
  for (const LogRecord* record = log.next(0, log.stable()); record != nullptr;
       record = log.next(record->offset + 1, log.stable())) {
    out.push_back(record->key + record->value);
  }
  return out;
}
using Values = std::vector<std::string>;

TEST(PartitionLog, NobodySeesBehindAnOpenTransactionNorWhatWasAborted) {
  PartitionLog log;
  log.append("k", true, "1", 0, 0);
  log.append("k", true, "2", 0, 7);
  log.append("k", true, "3", 0, 8);
  log.append("k", true, "4", 0, 0);
  EXPECT_EQ(values(log), (Values{"k1"}));
  log.end(8, true);
  EXPECT_EQ(values(log), (Values{"k1"}));
  log.end(7, false);
  EXPECT_EQ(values(log), (Values{"k1", "k3", "k4"}));
  EXPECT_EQ(log.high(), 6U);
}

TEST(PartitionLog, CompactionKeepsTheNewestOfEachKeyAtItsOffset) {
  PartitionLog log;
  for (const char* const value : {"1", "2", "3"}) log.append("a", true, value, 0, 0);
  log.append("b", true, "1", 0, 0);
  log.append("b", true, "", 0, 0);
  log.append("a", true, "4", 0, 0);
  log.compact(5, 0);
  EXPECT_EQ(values(log), (Values{"a3", "b", "a4"}));
  EXPECT_EQ(log.next(0, log.stable())->offset, 2U);
  log.compact(6, 6);
  EXPECT_EQ(values(log), (Values{"a4"}));
}

class ClusterTest : public testing::Test {
 protected:
  static ClusterOptions options() {
    ClusterOptions options;
    options.compact_every = options.retain_every = 0;
    options.transactions.marker_every = 1;
    return options;
  }
  void ticks(int count) {
    for (int i = 0; i < count; ++i) cluster.tick();
  }
  int init(const std::string& id) {
    for (int i = 0; i < 100; ++i) {
      if (const auto epoch = cluster.transactions().init(id)) return *epoch;
      cluster.tick();
    }
    return -1;
  }
  World world{1, 100'000};
  Cluster cluster{world, options(), Bug::none};
};

TEST_F(ClusterTest, ANewEpochEndsWhatTheOldOneHasOpenAndFencesIt) {
  auto& transactions = cluster.transactions();
  const Place place{Topic::notices, 0};
  const ProducerId old{"w", init("w")};
  EXPECT_EQ(transactions.append(old, place, "k", true, "1", nullptr), Answer::ok);
  const ProducerId fresh{"w", init("w")};
  EXPECT_EQ(transactions.end(old, true), Answer::fenced);
  EXPECT_EQ(transactions.append(old, place, "k", true, "2", nullptr), Answer::fenced);
  EXPECT_EQ(transactions.append(fresh, place, "k", true, "3", nullptr), Answer::ok);
  EXPECT_EQ(transactions.end(fresh, true), Answer::ok);
  ticks(20);
  EXPECT_TRUE(transactions.quiet());
  EXPECT_EQ(values(cluster.topics().at(place)), (Values{"k3"}));
}

TEST_F(ClusterTest, OffsetsCountOnceTheirTransactionIsCommitted) {
  Group& group = cluster.group();
  const auto member = group.join({});
  group.polled(member);
  for (int i = 0; i < 200 && !group.accepts(member, group.generation(member)); ++i) ticks(1);
  const ProducerId producer{"w", init("w")};
  auto& transactions = cluster.transactions();
  EXPECT_EQ(
      transactions.add_offsets(producer, member, group.generation(member), {{0, {5, "m", {}}}}),
      Answer::ok);
  EXPECT_TRUE(transactions.unstable(0));
  EXPECT_EQ(group.offset_of(0), nullptr);
  EXPECT_EQ(transactions.end(producer, true), Answer::ok);
  ticks(20);
  EXPECT_FALSE(transactions.unstable(0));
  ASSERT_NE(group.offset_of(0), nullptr);
  EXPECT_EQ(group.offset_of(0)->offset, 5U);
}

TEST_F(ClusterTest, WhoIsNotHeardOfLosesItsPlaceAndMayCommitNoMore) {
  Group& group = cluster.group();
  const auto slow = group.join({});
  ticks(200);
  const int generation = group.generation(slow);
  ASSERT_TRUE(group.accepts(slow, generation));
  group.set_running(slow, false);
  world.add_actor([&] { world.sleep(cluster.options().group.session_timeout + 1); });
  ASSERT_TRUE(world.run());
  ticks(200);
  EXPECT_FALSE(group.accepts(slow, generation));
  group.set_running(slow, true);
  ticks(200);
  std::optional<GroupEvent> event;
  for (auto next = group.next_event(slow); next; next = group.next_event(slow)) event = next;
  ASSERT_TRUE(event.has_value());
}

/// One worker, without trouble, until it has read all that there is.
LifeEnd work_off(World& world, Cluster& cluster, Machine& machine, const std::string& token) {
  LifeEnd end;
  std::atomic<bool> stop{false};
  world.upkeep = [&] {
    cluster.tick();
    bool done = true;
    for (std::uint32_t p = 0; p < cluster.options().partitions; ++p) {
      PartitionLog& log = cluster.topics().input(p);
      const GroupOffset* const offset = cluster.group().offset_of(p);
      done = done && offset != nullptr && log.next(offset->offset, log.stable()) == nullptr;
    }
    if (done) stop = true;
  };
  world.add_actor([&] {
    Trouble process{world, cluster, {}};
    LifeOptions options;
    options.token = token;
    options.members.program_id = "sim";
    options.loop.commit.interval = std::chrono::milliseconds{50};
    end = live(process, machine, options, stop);
  });
  EXPECT_TRUE(world.run());
  return end;
}

TEST_F(ClusterTest, RetentionThatTookWhatARecoveryNeedsIsSaid) {
  // Given a worker that was stopped, and then retention that takes what comes after it.
  ShopFeed feed{world, cluster, {.members = 5, .records = 0}};
  feed.close();
  Machine machine{"worker", {}, {}};
  ASSERT_FALSE(work_off(world, cluster, machine, "first").error.has_value());
  feed.close();
  feed.close();
  cluster.topics().input(0).retain_from(2);
  // When it comes back, then it says what is missing, and commits nothing.
  const LifeEnd end = work_off(world, cluster, machine, "second");
  ASSERT_TRUE(end.error.has_value());
  EXPECT_EQ(end.error->code, Errc::input_gap);
  EXPECT_EQ(cluster.group().offset_of(0)->offset, 1U);
}

}  // namespace
}  // namespace fealty::simulation
