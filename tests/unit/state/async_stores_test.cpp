#include "fealty/state/async_stores.hpp"

#include <array>
#include <semaphore>
#include <thread>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

/// Stores in memory whose saves wait for a go-ahead, or fail on order.
class Gated final : public ports::MemberStores {
 public:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct Control {
    std::counting_semaphore<> go{0};
    std::vector<std::uint64_t> saved;  // changelog positions, in order; read it after a wait
    std::uint64_t fail_at = never;
    std::counting_semaphore<> settled{0};
    std::optional<Error> settling{};
  };
  explicit Gated(Control& control) : control_{control} {}

  Result<std::unique_ptr<ports::MemberStore>> open(std::uint32_t partition) override {
    return inner_.open(partition);
  }
  Result<void> save(std::span<const Save> saves) override {
    control_.go.acquire();
    const std::uint64_t position = saves.front().batch->changelog_position;
    if (position == control_.fail_at) {
      control_.fail_at = never;
      return Error{Errc::output_unwritable, "state", "no space left"};
    }
    control_.saved.push_back(position);
    return inner_.save(saves);
  }
  Result<void> settle() override {
    const auto error = control_.settling;
    control_.settled.release();
    return error ? Result<void>{*error} : Result<void>{};
  }

 private:
  Control& control_;
  MemoryStores inner_;
};

/// What a member becomes with save `n`.
member::Record version(std::string id, std::uint64_t n) {
  return samples::typical_member(std::move(id), n);
}

class AsyncStoresTest : public testing::Test {
 protected:
  Result<void> save(std::uint64_t n) {
    return Saver{stores, *store}
        .member(version("anna", n))
        .checkpoint(samples::checkpoint(n))
        .save(n);
  }
  void TearDown() override { control.go.release(1'000); }  // Nothing waits for ever.
  /// Waits for every save of the first partition.
  void wait() { (void)store->empty(); }
  Gated::Control control;
  AsyncStores stores{std::make_unique<Gated>(control), 3};
  std::unique_ptr<ports::MemberStore> store = opened(stores, 0), other = opened(stores, 1);
};

TEST_F(AsyncStoresTest, ReturnsFromASaveBeforeItIsDoneAndReadsAfterIt) {
  // Given two saves that cannot end, and an encode beside them.
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(save(2));
  ports::SavedBatch batch;
  store->encode(samples::checkpoint(3), batch);
  // When they may, a reader sees the last.
  control.go.release(2);
  EXPECT_EQ(loaded(*store, "anna"), version("anna", 2));
  EXPECT_THAT(control.saved, testing::ElementsAre(1, 2));
}

TEST_F(AsyncStoresTest, DoesNotLetAReaderWaitForTheSavesOfOtherMembers) {
  // Given many others, one saved, and saves that cannot end.
  control.go.release();
  ASSERT_TRUE(Saver(stores, *store).member(version("bert", 1)).save(1));
  wait();
  ASSERT_TRUE(save(2));
  Saver crowd{stores, *store};
  for (int i = 0; i < 1000; ++i) {
    crowd.member(version("m" + std::to_string(i), 3));
  }
  ASSERT_TRUE(crowd.save(3));
  // Then their readers are answered at once.
  EXPECT_EQ(loaded(*store, "bert"), version("bert", 1));
  EXPECT_EQ(loaded(*store, "carl").last_day, -1);
  EXPECT_FALSE(found_order(*store, "bert", "order-1").found);
  EXPECT_THAT(control.saved, testing::ElementsAre(1));
  // And those of the members being saved once that is done.
  control.go.release(2);
  EXPECT_EQ(loaded(*store, "m999"), version("m999", 3));
  EXPECT_EQ(loaded(*store, "anna"), version("anna", 2));
}

TEST_F(AsyncStoresTest, SavesInOrderHoweverMany) {
  control.go.release(100);
  for (std::uint64_t n = 1; n <= 100; ++n) ASSERT_TRUE(save(n));
  wait();
  std::vector<std::uint64_t> expected(100);
  for (std::uint64_t n = 1; n <= 100; ++n) expected[n - 1] = n;
  EXPECT_EQ(control.saved, expected);
}

TEST_F(AsyncStoresTest, DoesNotCareWhatBecomesOfABatchThatItTook) {
  Saver saver{stores, *store};
  ASSERT_TRUE(saver.member(version("anna", 1)).save());
  saver.batch().clear();
  store->encode(samples::checkpoint(99), saver.batch());
  control.go.release();
  EXPECT_EQ(loaded(*store, "anna"), version("anna", 1));
}

TEST_F(AsyncStoresTest, SavesWhatIsQueuedBeforeItEnds) {
  Gated::Control queued;
  {
    AsyncStores short_lived{std::make_unique<Gated>(queued)};
    const auto first = opened(short_lived);
    ASSERT_TRUE(Saver(short_lived, *first).checkpoint(samples::checkpoint(1)).save(1));
    ASSERT_TRUE(Saver(short_lived, *first).checkpoint(samples::checkpoint(2)).save(2));
    queued.go.release(2);
  }
  EXPECT_THAT(queued.saved, testing::ElementsAre(1, 2));
}

TEST_F(AsyncStoresTest, SavesWhatIsQueuedOfAStoreThatGoes) {
  ASSERT_TRUE(save(1));
  control.go.release();
  store.reset();
  EXPECT_THAT(control.saved, testing::ElementsAre(1));
}

TEST_F(AsyncStoresTest, TakesTheBatchesOfSeveralPartitionsAsOneCommit) {
  // Given a commit of two partitions, and one of the second alone.
  Saver here{stores, *store}, there{stores, *other};
  here.member(version("anna", 1));
  there.member(version("bert", 1));
  const std::array<ports::MemberStores::Save, 2> both{{{store.get(), &here.batch()},  //
                                                       {other.get(), &there.batch()}}};
  ASSERT_TRUE(stores.save(both));
  ASSERT_TRUE(Saver(stores, *other).member(version("carl", 2)).save(2));
  // Then the first waits for one save, and the other one for its own.
  control.go.release();
  EXPECT_FALSE(store->empty());
  EXPECT_EQ(loaded(*store, "anna"), version("anna", 1));
  EXPECT_EQ(loaded(*other, "bert"), version("bert", 1));
  EXPECT_THAT(control.saved, testing::ElementsAre(0));
  control.go.release();
  EXPECT_EQ(loaded(*other, "carl"), version("carl", 2));
  EXPECT_EQ(loaded(*store, "carl").last_day, -1);
}

TEST_F(AsyncStoresTest, DoesNotLetAPartitionWaitForTheSavesOfAnother) {
  ASSERT_TRUE(save(1));
  // Neither to read, nor to be opened, restored and closed.
  EXPECT_TRUE(other->empty());
  EXPECT_EQ(loaded(*other, "anna").last_day, -1);
  const auto third = opened(stores, 2);
  ASSERT_TRUE(third->checkpoint());
  EXPECT_TRUE(third->restored(7));
  other.reset();
  EXPECT_THAT(control.saved, testing::IsEmpty());
  control.go.release();
}

TEST_F(AsyncStoresTest, AnswersWithTheErrorOfASaveAndSavesNothingBehindIt) {
  // Given a save that fails with another behind it.
  control.fail_at = 2;
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(save(2));
  ASSERT_TRUE(save(3));
  control.go.release(10);
  // Then every call says so.
  EXPECT_EQ(store->restored(1).error().code, Errc::output_unwritable);
  EXPECT_EQ(save(4).error().code, Errc::output_unwritable);
  member::Record record;
  member::Record* out = &record;
  const std::string_view id = "anna";
  EXPECT_EQ(store->load({&id, 1}, {&out, 1}).error().detail, "no space left");
  // And a recovery, told once, finds the prefix before it and goes on from there.
  EXPECT_EQ(store->checkpoint().error().code, Errc::output_unwritable);
  const auto checkpoint = store->checkpoint();
  ASSERT_TRUE(checkpoint && *checkpoint);
  EXPECT_EQ((*checkpoint)->committed, 1U);
  ASSERT_TRUE(save(5));
  wait();
  EXPECT_THAT(control.saved, testing::ElementsAre(1, 5));
}

TEST_F(AsyncStoresTest, LetsEachPartitionTakePartAgainOnceItBeginsAfresh) {
  // Given a failed save of one partition, and that one recovered.
  control.fail_at = 1;
  control.go.release(10);
  ASSERT_TRUE(save(1));
  wait();
  EXPECT_FALSE(store->checkpoint());
  EXPECT_TRUE(store->checkpoint());
  // Then the other, which would go on behind what was dropped, may not before it recovers, too.
  EXPECT_EQ(Saver(stores, *other).member(version("bert", 2)).save(2).error().code,
            Errc::output_unwritable);
  EXPECT_TRUE(other->checkpoint()) << "the error was told";
  ASSERT_TRUE(Saver(stores, *other).member(version("bert", 3)).save(3));
  EXPECT_EQ(loaded(*other, "bert"), version("bert", 3));
  // And what is opened from now on knows nothing of it.
  EXPECT_TRUE(opened(stores, 2)->restored(1));
}

TEST(AsyncStoresSettling, FollowsTheLastSaveBeforeLong) {
  // Given stores that settle at once, and a save.
  Gated::Control control;
  control.go.release(10);
  AsyncStores stores{std::make_unique<Gated>(control), 3, std::chrono::milliseconds{0}};
  const auto store = opened(stores);
  ASSERT_TRUE(Saver(stores, *store).checkpoint(samples::checkpoint(1)).save(1));
  // Then they do, once.
  control.settled.acquire();
  EXPECT_FALSE(control.settled.try_acquire());
  // An error is answered as one of a save is.
  control.settling = Error{Errc::output_unwritable, "state", "no space left"};
  ASSERT_TRUE(Saver(stores, *store).checkpoint(samples::checkpoint(2)).save(2));
  control.settled.acquire();
  member::Record record;
  member::Record* out = &record;
  const std::string_view id = "anna";
  while (store->load({&id, 1}, {&out, 1})) std::this_thread::yield();
  EXPECT_EQ(store->load({&id, 1}, {&out, 1}).error().detail, "no space left");
  EXPECT_FALSE(store->checkpoint());
  EXPECT_EQ((*store->checkpoint())->committed, 2U);
}

TEST(AsyncStoresOnDisk, ReadsBesideSavesSeeEverySaveBeforeThem) {
  // Given portions of members saved in a row, each as it was and with an order of its own.
  const TemporaryDirectory directory;
  AsyncStores stores{stores_in(directory.path())};
  const auto store = opened(stores);
  constexpr std::uint64_t portions = 60, members = 200;
  const auto id = [](std::uint64_t portion, std::uint64_t n) {
    return "m" + std::to_string(portion) + "-" + std::to_string(n);
  };
  for (std::uint64_t portion = 1; portion <= portions; ++portion) {
    Saver saver{stores, *store};
    for (std::uint64_t n = 0; n < members; ++n) {
      saver.member(version(id(portion, n), portion), no_day,
                   {.entries = {}, .orders = {samples::order(portion)}, .rows = {}});
    }
    ASSERT_TRUE(saver.save(portion));
    // Then whoever asks meanwhile, for one of an earlier portion or of this one, sees it.
    for (const std::uint64_t asked : {(portion + 1) / 2, portion}) {
      const std::string member = id(asked, portion % members);
      ASSERT_EQ(loaded(*store, member), version(member, asked));
      const auto row = found_order(*store, member, samples::order(asked).order_id);
      ASSERT_TRUE(row.found);
      ASSERT_EQ(row.order, samples::order(asked));
    }
  }
}

}  // namespace
}  // namespace fealty::state
