#include "fealty/state/rocks_stores.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

TEST(RocksStores, KeepPartitionsApartAndKnowWhichThereAre) {
  const TemporaryDirectory directory;
  constexpr std::uint32_t last = 0xffffffff;
  {
    const auto stores = stores_in(directory.path());
    EXPECT_THAT(*stores->partitions(), ElementsAre());
    for (const std::uint32_t partition : {last, 0U, 12'345U, 255U, 256U}) {
      const auto store = opened(*stores, partition);
      EXPECT_TRUE(store->empty());
      ASSERT_TRUE(Saver(*stores, *store).member(samples::typical_member("anna", partition)).save());
    }
    EXPECT_TRUE(opened(*stores, 3)->empty()) << "opening makes nothing";
  }
  const auto stores = stores_in(directory.path());
  EXPECT_THAT(*stores->partitions(), ElementsAre(0, 255, 256, 12'345, last));
  for (const std::uint32_t partition : *stores->partitions()) {
    const auto store = opened(*stores, partition);
    EXPECT_EQ(loaded(*store, "anna"), samples::typical_member("anna", partition));
    int members = 0;
    EXPECT_TRUE(store->scan([&](const member::Record&) -> Result<void> {
      ++members;
      return {};
    }));
    EXPECT_EQ(members, 1);
  }
}

TEST(RocksStores, MakeNoFileForAPartitionThatHoldsNothing) {
  const TemporaryDirectory directory;
  const auto stores = stores_in(directory.path());
  const auto before = files_like(directory.path(), "");
  for (std::uint32_t partition = 0; partition < 4096; ++partition) {
    EXPECT_TRUE(opened(*stores, partition)->empty());
  }
  EXPECT_EQ(files_like(directory.path(), "").size(), before.size());
}

constexpr std::uint32_t killed_partitions = 3;
constexpr const char *with_log = "WithLog", *without_log = "WithoutLog", *gathering = "Gathering";

/// The child of the test below: saves for ever, commit n = members m0 to m49 of each partition as
/// of n, and writes a byte to `ready_fd` once some are saved.
int save_until_killed(const std::string& directory, const std::string& mode, int ready_fd) {
  const RocksOptions options{.write_buffer_bytes = 2 << 20,
                             .write_ahead_log = mode != without_log,
                             .gather = std::chrono::hours{mode == gathering ? 1 : 0}};
  const auto stores = RocksStores::open_in(directory, options);
  if (!stores) return 1;
  std::vector<std::unique_ptr<ports::MemberStore>> open;
  for (std::uint32_t p = 0; p < killed_partitions; ++p) open.push_back(opened(**stores, p));
  const auto checkpoint = open[0]->checkpoint();
  if (!checkpoint) return 1;
  const std::uint64_t first = checkpoint->has_value() ? (*checkpoint)->committed + 1 : 1;
  for (std::uint64_t n = first;; ++n) {
    std::deque<Saver> savers;
    std::vector<ports::MemberStores::Save> saves;
    for (const auto& store : open) {
      Saver& saver = savers.emplace_back(**stores, *store);
      // Now and then as many as become a table file.
      const std::size_t filler_bytes = n % 16 == 0 ? 12'000 : 0;
      for (int i = 0; i < 50; ++i) {
        member::Record record = samples::typical_member("m" + std::to_string(i), n);
        record.as_of = n;
        record.rare.edit().attributes.assign(filler_bytes, 'x');
        saver.member(record, n == 1 ? no_day : record.due(), samples::history(n * 2));
      }
      saver.checkpoint(samples::checkpoint(n)).batch().changelog_position = n;
      saves.push_back({store.get(), &saver.batch()});
    }
    if (!(*stores)->save(saves)) return 1;
    if (n == first + 100 && write(ready_fd, "x", 1) != 1) return 1;
  }
}

/// Everything in it is of commit `n`; 0 = there is nothing.
void expect_as_of(std::uint64_t n, ports::MemberStore& store) {
  EXPECT_EQ(store.empty(), n == 0);
  const auto checkpoint = store.checkpoint();
  ASSERT_TRUE(checkpoint);
  ASSERT_EQ(checkpoint->has_value(), n > 0);
  if (n == 0) return;
  EXPECT_EQ((*checkpoint)->committed, n);
  EXPECT_EQ((*checkpoint)->changelog_position, n);
  int members = 0;
  ASSERT_TRUE(store.scan([&](const member::Record& record) -> Result<void> {
    EXPECT_EQ(record.as_of, n);
    ++members;
    return {};
  }));
  EXPECT_EQ(members, 50);
  EXPECT_EQ(entry_numbers(store, "m7").back(), n * 2 + 1);
  EXPECT_EQ(all_due(store, -1, no_day).size(), 50U);
}

class KilledRocksStores : public testing::TestWithParam<const char*> {};

TEST_P(KilledRocksStores, HoldAPrefixOfWholeCommits) {
  const TemporaryDirectory directory;
  for (int round = 0; round < 3; ++round) {
    // Given a process that saves commit after commit, killed while it does so. (A new program
    // image: what RocksDB's threads held in this one must not be copied.)
    int pipe_fds[2];
    ASSERT_EQ(pipe(pipe_fds), 0);
    const pid_t child = fork();
    if (child == 0) {
      const std::string fd = std::to_string(pipe_fds[1]);
      setenv("FEALTY_TEST_SAVE_INTO", directory.path().c_str(), 1);
      setenv("FEALTY_TEST_READY_FD", fd.c_str(), 1);
      setenv("FEALTY_TEST_MODE", GetParam(), 1);
      execl("/proc/self/exe", "state_test", nullptr);
      _exit(127);
    }
    close(pipe_fds[1]);
    char byte = 0;
    ASSERT_EQ(read(pipe_fds[0], &byte, 1), 1) << "the child ended early";
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    close(pipe_fds[0]);

    // Then the stores open, and every member of all of them is as of the one commit that the first
    // checkpoint names.
    const auto stores = stores_in(directory.path());
    ASSERT_NE(stores, nullptr);
    const auto first = opened(*stores)->checkpoint();
    ASSERT_TRUE(first);
    const std::uint64_t n = first->has_value() ? (*first)->committed : 0;
    if (GetParam() == std::string{with_log}) {
      EXPECT_GE(n, 100U * (static_cast<unsigned>(round) + 1)) << "a kill cannot take what is there";
    }
    for (std::uint32_t p = 0; p < killed_partitions; ++p) expect_as_of(n, *opened(*stores, p));
  }
}
INSTANTIATE_TEST_SUITE_P(Modes, KilledRocksStores,
                         testing::Values(with_log, without_log, gathering),
                         [](const auto& mode) { return std::string{mode.param}; });

/// This program as the child of that test: it never gets to main().
[[maybe_unused]] const bool is_no_child = [] {
  const char* directory = std::getenv("FEALTY_TEST_SAVE_INTO");
  if (directory == nullptr) return true;
  _exit(save_until_killed(directory, std::getenv("FEALTY_TEST_MODE"),
                          std::atoi(std::getenv("FEALTY_TEST_READY_FD"))));
}();

TEST(RocksStores, LargeCommitsAndSmallOnesFollowEachOther) {
  // Given, without a log, a small commit of one partition, then one of another that becomes a file.
  const TemporaryDirectory directory;
  const RocksOptions options{.write_buffer_bytes = 1 << 20, .write_ahead_log = false};
  const auto stores = stores_in(directory.path(), options);
  const auto small = opened(*stores, 0), large = opened(*stores, 1);
  ASSERT_TRUE(Saver(*stores, *small).member(samples::typical_member("anna", 1)).save());
  Saver saver{*stores, *large};
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    saver.member(samples::typical_member("m" + std::to_string(i), i), no_day, samples::history(i));
  }
  ASSERT_TRUE(saver.save());
  // When the process ends there.
  const TemporaryDirectory left;
  fs::copy(directory.path(), left.path(), fs::copy_options::recursive);
  const auto found = stores_in(left.path());
  // Then the later one is there, and the earlier, too.
  EXPECT_EQ(loaded(*opened(*found, 1), "m7"), samples::typical_member("m7", 7));
  EXPECT_EQ(entry_numbers(*opened(*found, 1), "m7"), (std::vector<std::uint64_t>{7, 8}));
  EXPECT_EQ(loaded(*opened(*found, 0), "anna"), samples::typical_member("anna", 1));
}

// A table file takes keys in their order only, and the tables sort members in two ways: by id, and
// by the size of the id first.
TEST(RocksStores, ATableFileTakesMembersWithIdsOfAllSizes) {
  const TemporaryDirectory directory;
  const auto stores = stores_in(directory.path(), {.write_buffer_bytes = 2 << 20});
  const auto store = opened(*stores);
  Saver saver{*stores, *store};
  std::vector<std::string> ids;
  for (const std::string stem : {"b", "a", "anna", "ann", "z", "an"}) {
    for (std::size_t i = 0; i < 20; ++i) ids.push_back(stem + std::string(i, '7'));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    member::Record record = samples::typical_member(ids[i], i);
    record.rare.edit().attributes.assign(12'000, 'x');
    auto history = samples::history(1 + i);
    history.orders.push_back(samples::order(i));  // Behind the one that it comes before.
    saver.member(record, no_day, history);
  }
  ASSERT_TRUE(saver.checkpoint(samples::checkpoint(3)).save(9));
  EXPECT_FALSE(files_like(directory.path(), ".sst").empty());
  EXPECT_EQ((*store->checkpoint())->changelog_position, 9U);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(loaded(*store, ids[i]).id, ids[i]);
    EXPECT_EQ(entry_numbers(*store, ids[i]), (std::vector<std::uint64_t>{1 + i, 2 + i}));
  }
  EXPECT_EQ(all_due(*store, -1, no_day).size(), ids.size());
}

class RocksStoresMemory : public testing::TestWithParam<int> {};

TEST_P(RocksStoresMemory, StaysWithinItsBoundOverAllPartitions) {
  // Given four partitions that share 2 MB of cache and 8 MB of write buffers, and some 1 MB to be
  // saved to each.
  const TemporaryDirectory directory;
  const std::size_t cache = 2 << 20, buffers = 8 << 20;
  const auto stores = stores_in(directory.path(), {.block_cache_bytes = cache,
                                                   .write_buffer_bytes = buffers,
                                                   .gather = std::chrono::hours{GetParam()}});
  std::vector<std::unique_ptr<ports::MemberStore>> open;
  std::deque<Saver> savers;
  for (std::uint32_t p = 0; p < 4; ++p) {
    open.push_back(opened(*stores, p));
    Saver& saver = savers.emplace_back(*stores, *open.back());
    for (std::uint64_t i = 0; i < 1'500; ++i) {
      saver.member(samples::typical_member("m" + std::to_string(i), i), no_day,
                   samples::history(i));
    }
    ASSERT_GT(saver.batch().bytes(), 1U << 20U);
  }
  // When that is written as fast as it can be, faster than a disk takes it, and read back.
  std::size_t used_max = 0;
  for (int round = 0; round < 15; ++round) {
    for (std::uint32_t p = 0; p < 4; ++p) {
      ASSERT_TRUE(savers[p].save());
      used_max = std::max(used_max, stores->bytes_used());
    }
  }
  for (std::uint64_t i = 0; i < 1'500; ++i) {
    (void)loaded(*open[i % 4], "m" + std::to_string(i));
    used_max = std::max(used_max, stores->bytes_used());
  }
  // Then they used it, and never held more than that and a write.
  EXPECT_GT(used_max, buffers / 2);
  EXPECT_LT(used_max, cache + buffers + buffers / 4);
}
INSTANTIATE_TEST_SUITE_P(GatheredForHours, RocksStoresMemory, testing::Values(0, 1),
                         testing::PrintToStringParamName());

/// Whether records of the changelog of about `bytes`, put back into each of `partitions` stores
/// side by side, have begun to reach the disk.
bool restores_early(std::uint32_t partitions, std::size_t bytes) {
  const TemporaryDirectory directory;
  const auto stores = stores_in(directory.path());
  std::deque<std::unique_ptr<ports::MemberStore>> open;
  for (std::uint32_t p = 0; p < partitions; ++p) open.push_back(opened(*stores, p));
  const std::string value(1'000, 'x');  // of a row, which is kept as it is
  for (std::size_t n = 0; n < bytes / value.size(); ++n) {
    for (const auto& store : open) {
      EXPECT_TRUE(store->restore("o" + std::to_string(n), value, n + 1));
    }
  }
  return !stores->partitions()->empty();
}

TEST(RocksStores, HoldTheLessOfARestoreTheMoreOfThemAreUnderWay) {
  EXPECT_FALSE(restores_early(1, 300'000));
  EXPECT_TRUE(restores_early(256, 300'000));
  // Those that are done, or given up, leave their part to the others.
  constexpr std::size_t mib = std::size_t{1} << 20U;
  RestoreMemory memory{16 * mib};
  memory.take(10 * mib);
  EXPECT_EQ(memory.room(10 * mib), 16 * mib);  // What it holds itself is its own.
  EXPECT_EQ(memory.room(0), 6 * mib);
  memory.take(10 * mib);
  EXPECT_GT(memory.room(0), 0U);  // Nobody is left without any.
  memory.give_back(20 * mib);
  EXPECT_EQ(memory.room(0), 16 * mib);
}

}  // namespace
}  // namespace fealty::state
