// RocksStores that gather commits before they write them.
#include <array>
#include <deque>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::hours for_ever{1};

/// A state as a process that is killed now would leave it.
class Killed {
 public:
  explicit Killed(const TemporaryDirectory& of) {
    fs::copy(of.path(), left_.path(), fs::copy_options::recursive);
    stores = stores_in(left_.path());
  }

 private:
  TemporaryDirectory left_;

 public:
  std::unique_ptr<RocksStores> stores;
};

class RocksGather : public testing::Test {
 protected:
  Result<void> save(std::uint64_t n, std::size_t members = 1) {
    Saver here{*stores, *store}, there{*stores, *other};
    for (Saver* const saver : {&here, &there}) {
      for (std::size_t i = 0; i < members; ++i) {
        member::Record record = samples::typical_member("m" + std::to_string(i), n);
        record.as_of = n;
        saver->member(record, n == 1 ? no_day : record.due(), samples::history(2 * n));
      }
      saver->checkpoint(samples::checkpoint(n)).batch().changelog_position = n;
    }
    const std::array<ports::MemberStores::Save, 2> both{
        {{other.get(), &there.batch()}, {store.get(), &here.batch()}}};
    return stores->save(both);
  }
  /// Both partitions are as of commit `n`, all of them, history included.
  static void expect_as_of(std::uint64_t n, RocksStores& in) {
    for (const std::uint32_t partition : {3U, 7U}) {
      const auto found = opened(in, partition);
      const auto checkpoint = found->checkpoint();
      ASSERT_TRUE(checkpoint && checkpoint->has_value());
      EXPECT_EQ((*checkpoint)->committed, n);
      EXPECT_EQ((*checkpoint)->changelog_position, n);
      ASSERT_TRUE(found->scan([&](const member::Record& record) -> Result<void> {
        EXPECT_EQ(record.as_of, n);
        return {};
      }));
      EXPECT_EQ(entry_numbers(*found, "m0").size(), 2 * n);
    }
  }
  /// A commit that is written by itself.
  Result<void> save_large() {
    Saver saver{*stores, *store};
    for (std::uint64_t i = 0; i < 4'000; ++i) {
      saver.member(samples::typical_member("large" + std::to_string(i), i));
    }
    return saver.save(100);
  }
  void close() {
    store.reset();
    other.reset();
    stores.reset();
  }
  [[nodiscard]] std::size_t tables() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator{directory.path()}) {
      count += entry.path().extension() == ".sst" ? 1 : 0;
    }
    return count;
  }

  TemporaryDirectory directory;
  RocksOptions options{.write_buffer_bytes = 2 << 20, .gather = for_ever};
  std::unique_ptr<RocksStores> stores = stores_in(directory.path(), options);
  std::unique_ptr<ports::MemberStore> store = opened(*stores, 3), other = opened(*stores, 7);
};

TEST_F(RocksGather, EveryReadSeesWhatIsOnlyInMemory) {
  ASSERT_TRUE(save(1, 3));
  ASSERT_TRUE(save(2, 3));
  ASSERT_THAT(*Killed{directory}.stores->partitions(), IsEmpty());
  // Reads of single keys, which leave it there; of two members one may be on disk.
  EXPECT_EQ((*store->checkpoint())->committed, 2U);
  EXPECT_EQ(loaded(*store, "m2").as_of, 2U);
  EXPECT_EQ(loaded(*store, "none").last_day, -1);
  EXPECT_TRUE(found_order(*store, "m1", samples::history(4).orders.at(0).order_id).found);
  EXPECT_FALSE(found_order(*store, "m1", "none").found);
  EXPECT_THAT(*Killed{directory}.stores->partitions(), IsEmpty());
  // One of a range that it has nothing of leaves it there, too.
  EXPECT_TRUE(opened(*stores, 5)->empty());
  EXPECT_TRUE(all_due(*store, -1, 0).empty());
  EXPECT_THAT(*Killed{directory}.stores->partitions(), IsEmpty());
  // One of a range that it concerns has all of it written.
  EXPECT_EQ(all_due(*store, -1, no_day).size(), 3U);
  EXPECT_THAT(*Killed{directory}.stores->partitions(), ElementsAre(3, 7));
}

TEST_F(RocksGather, ReadsOfSeveralKeysTakeEachFromWhereItIsNewest) {
  ASSERT_TRUE(save(1, 40));
  ASSERT_TRUE(stores->settle());
  ASSERT_TRUE(Saver(*stores, *store).member(samples::typical_member("m7", 9)).save(9));
  std::deque<member::Record> records(40);
  std::vector<std::string> ids;
  std::vector<std::string_view> asked;
  std::vector<member::Record*> out;
  for (std::size_t i = 0; i < records.size(); ++i) ids.push_back("m" + std::to_string(i));
  for (std::size_t i = 0; i < records.size(); ++i) {
    asked.emplace_back(ids[i]);
    out.push_back(&records[i]);
  }
  ASSERT_TRUE(store->load(asked, out));
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto expected = samples::typical_member(ids[i], i == 7 ? 9 : 1);
    if (i != 7) expected.as_of = 1;
    EXPECT_EQ(records[i], expected);
  }
}

TEST_F(RocksGather, SurvivesClosing) {
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(save(2));
  close();
  expect_as_of(2, *stores_in(directory.path()));
}

TEST_F(RocksGather, AKillLeavesAnEarlierCommitAsAWhole) {
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(stores->settle());
  ASSERT_TRUE(save(2));
  ASSERT_TRUE(save(3));
  expect_as_of(1, *Killed{directory}.stores);
  ASSERT_TRUE(stores->settle());
  expect_as_of(3, *Killed{directory}.stores);
}

TEST_F(RocksGather, ALargeCommitComesBehindWhatIsGathered) {
  // Given a small commit, and a large one with another version of a member of it.
  ASSERT_TRUE(Saver(*stores, *store).member(samples::typical_member("large7", 1'000)).save(1));
  ASSERT_TRUE(Saver(*stores, *other).member(samples::typical_member("bert", 1)).save(1));
  ASSERT_TRUE(save_large());
  EXPECT_GT(tables(), 0U);
  // Then the large one's stands, and a kill takes neither.
  EXPECT_EQ(loaded(*store, "large7"), samples::typical_member("large7", 7));
  const Killed killed{directory};
  EXPECT_EQ(loaded(*opened(*killed.stores, 3), "large7"), samples::typical_member("large7", 7));
  EXPECT_EQ(loaded(*opened(*killed.stores, 7), "bert"), samples::typical_member("bert", 1));
}

TEST_F(RocksGather, WhatIsRestoredComesBehindWhatIsGathered) {
  ASSERT_TRUE(save(1));
  std::string key(1, 'm'), value;
  ports::SavedBatch batch;
  const member::Record record = samples::typical_member("m0", 5);
  const ports::SaveItem item{&record, {}, {}, no_day};
  store->encode({&item, 1}, 5, batch);
  ASSERT_TRUE(store->restore(batch.key(batch.items[0]), batch.value(batch.items[0]), 8));
  ASSERT_TRUE(store->restored(8));
  EXPECT_EQ(loaded(*store, "m0").as_of, 5U);
  const Killed killed{directory};
  EXPECT_EQ(loaded(*opened(*killed.stores, 3), "m0").as_of, 5U);
  EXPECT_EQ(loaded(*opened(*killed.stores, 7), "m0").as_of, 1U);
}

TEST_F(RocksGather, WritesATableFileOnceThereIsEnoughOfIt) {
  // Given commits that are small each.
  std::uint64_t n = 1;
  for (; tables() == 0; ++n) {
    ASSERT_LT(n, 1'000U);
    ASSERT_TRUE(save(n, 20));
  }
  // Then they became a file of state and one of history, as of the last one.
  EXPECT_GT(n, 10U);
  EXPECT_EQ(tables(), 2U);
  expect_as_of(n - 1, *Killed{directory}.stores);
  expect_as_of(n - 1, *stores);
  EXPECT_EQ(all_due(*store, -1, no_day).size(), 20U);
  EXPECT_EQ(entry_numbers(*store, "m3").size(), 2 * (n - 1));
}

TEST_F(RocksGather, WritesWhatHasWaitedForLongEnough) {
  close();
  options.gather = std::chrono::milliseconds{1};
  stores = stores_in(directory.path(), options);
  store = opened(*stores, 3);
  other = opened(*stores, 7);
  std::uint64_t n = 1;
  do {
    ASSERT_TRUE(save(n++));
  } while (Killed{directory}.stores->partitions()->empty());
  EXPECT_EQ(tables(), 0U);
}

class RocksGatherBlocked : public RocksGather, public testing::WithParamInterface<const char*> {};

TEST_P(RocksGatherBlocked, KeepsWhatCannotBeWrittenAndTakesNoMore) {
  // Given a disk that does not take a table file.
  const std::string in_the_way = directory.path() + GetParam();
  fs::create_directories(in_the_way + "/x");
  Result<void> saved;
  std::uint64_t n = 0;
  while (saved) {
    ASSERT_LT(n, 1'000U);
    saved = save(++n, 20);
  }
  EXPECT_NE(saved.error().code, Errc::store_corrupt);
  // Then further commits are refused, and reads see those before.
  EXPECT_FALSE(save(n + 1, 20));
  EXPECT_EQ((*store->checkpoint())->committed, n);
  EXPECT_EQ(loaded(*store, "m3").as_of, n);
  EXPECT_FALSE(store->scan([](const member::Record&) { return Result<void>{}; }));
  EXPECT_THAT(*Killed{directory}.stores->partitions(), IsEmpty());
  // And once it does, nothing is missing.
  fs::remove_all(in_the_way);
  ASSERT_TRUE(save(n + 1, 20));
  expect_as_of(n + 1, *stores);
  EXPECT_EQ(entry_numbers(*store, "m3").size(), 2 * (n + 1));
}

INSTANTIATE_TEST_SUITE_P(EachFile, RocksGatherBlocked,
                         testing::Values("/ingest.sst.tmp", "/ingest.history.sst.tmp"));

TEST_F(RocksGather, ARowThatIsErasedIsGoneWhereverItWas) {
  // Given rows on disk and in memory.
  const auto anna = samples::typical_member("anna");
  const auto with = [](std::uint8_t number) {
    return samples::History{
        .entries = {}, .orders = {}, .rows = {samples::put(member::RowKey::parked(number))}};
  };
  const auto without = [](std::uint8_t number) {
    return samples::History{
        .entries = {}, .orders = {}, .rows = {samples::erase(member::RowKey::parked(number))}};
  };
  const auto there = [&](std::uint8_t number) {
    return found(*store, "anna", member::RowKey::parked(number)).found;
  };
  ASSERT_TRUE(Saver(*stores, *store).member(anna, no_day, with(1)).save(1));
  ASSERT_TRUE(stores->settle());
  ASSERT_TRUE(Saver(*stores, *store).member(anna, anna.due(), with(2)).save(2));
  ASSERT_TRUE(there(1));
  ASSERT_TRUE(there(2));
  // When both are erased.
  ASSERT_TRUE(Saver(*stores, *store).member(anna, anna.due(), without(1)).save(3));
  ASSERT_TRUE(Saver(*stores, *store).member(anna, anna.due(), without(2)).save(4));
  // Then they are gone, before and after it is written; and one may come again.
  for (int round = 0; round < 2; ++round) {
    EXPECT_FALSE(there(1));
    EXPECT_FALSE(there(2));
    ASSERT_TRUE(stores->settle());
  }
  ASSERT_TRUE(Saver(*stores, *store).member(anna, anna.due(), with(1)).save(5));
  EXPECT_TRUE(there(1));
}

}  // namespace
}  // namespace fealty::state
