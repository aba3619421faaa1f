#include "fealty/state/async_store.hpp"

#include <semaphore>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

/// A memory store whose saves wait for a go-ahead, or fail on order.
class Gated final : public ports::MemberStore {
 public:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct Control {
    std::counting_semaphore<> go{0};
    std::vector<std::uint64_t> saved;  // changelog positions, in order; read it after a drain
    std::uint64_t fail_at = never;
  };
  explicit Gated(Control& control) : control_{control} {}

  Result<void> save(ports::SavedBatch& batch) override {
    control_.go.acquire();
    if (batch.changelog_position == control_.fail_at) {
      control_.fail_at = never;
      return Error{Errc::output_unwritable, "state", "no space left"};
    }
    control_.saved.push_back(batch.changelog_position);
    return inner_.save(batch);
  }
  Result<std::optional<ports::Checkpoint>> checkpoint() override { return inner_.checkpoint(); }
  Result<void> load(std::span<const std::string_view> members,
                    std::span<member::Record* const> out) override {
    return inner_.load(members, out);
  }
  Result<void> find_rows(std::string_view member,
                         std::span<member::FoundRow* const> rows) override {
    return inner_.find_rows(member, rows);
  }
  void encode(const member::LedgerEntry& entry, std::string& out) override {
    inner_.encode(entry, out);
  }
  void encode(const member::RowChange& change, const member::Effects& effects,
              std::string& out) override {
    inner_.encode(change, effects, out);
  }
  void encode(const member::RowKey& key, std::string& out) override { inner_.encode(key, out); }
  Result<void> decode(std::string_view value, member::FoundRow& row) override {
    return inner_.decode(value, row);
  }
  void encode(std::span<const ports::SaveItem> items, ports::Offset as_of,
              ports::SavedBatch& batch) override {
    inner_.encode(items, as_of, batch);
  }
  void encode(const ports::Checkpoint& checkpoint, ports::SavedBatch& batch) override {
    inner_.encode(checkpoint, batch);
  }
  Result<void> restore(std::string_view key, std::string_view value, std::uint64_t at) override {
    return inner_.restore(key, value, at);
  }
  Result<void> restored(std::uint64_t position) override { return inner_.restored(position); }
  Result<bool> due(const ports::DuePlace& after, Day until, std::size_t limit,
                   std::vector<ports::DuePlace>& out) override {
    return inner_.due(after, until, limit, out);
  }
  Result<void> scan(const std::function<Result<void>(const member::Record&)>& visit) override {
    return inner_.scan(visit);
  }
  Result<void> history(std::string_view member, std::uint64_t from_seq, std::size_t limit,
                       const std::function<void(const member::LedgerEntry&)>& visit) override {
    return inner_.history(member, from_seq, limit, visit);
  }
  Result<void> page(std::string_view after, std::size_t limit,
                    std::vector<member::Record>& out) override {
    return inner_.page(after, limit, out);
  }
  bool empty() override { return inner_.empty(); }
  std::uint64_t disk_bytes() override { return inner_.disk_bytes(); }

 private:
  Control& control_;
  MemoryStore inner_;
};

class AsyncStoreTest : public testing::Test {
 protected:
  Result<void> save(std::uint64_t n) {
    return Saver{store}
        .member(samples::typical_member("anna", n))
        .checkpoint(samples::checkpoint(n))
        .save(n);
  }
  Gated::Control control;
  AsyncStore store{std::make_unique<Gated>(control), 3};
};

TEST_F(AsyncStoreTest, ReturnsFromASaveBeforeItIsDoneAndReadsAfterIt) {
  // Given two saves that cannot end, and an encode beside them.
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(save(2));
  ports::SavedBatch batch;
  store.encode(samples::checkpoint(3), batch);
  // When they may, a reader sees the last.
  control.go.release(2);
  EXPECT_EQ(loaded(store, "anna"), samples::typical_member("anna", 2));
  EXPECT_THAT(control.saved, testing::ElementsAre(1, 2));
}

TEST_F(AsyncStoreTest, DoesNotLetAReaderWaitForTheSavesOfOtherMembers) {
  // Given many others, one saved, and saves that cannot end.
  control.go.release();
  ASSERT_TRUE(Saver{store}.member(samples::typical_member("bert", 1)).save(1));
  ASSERT_TRUE(store.drain());
  ASSERT_TRUE(save(2));
  Saver crowd{store};
  for (int i = 0; i < 1000; ++i) {
    crowd.member(samples::typical_member("m" + std::to_string(i), 3));
  }
  ASSERT_TRUE(crowd.save(3));
  // Then their readers are answered at once.
  EXPECT_EQ(loaded(store, "bert"), samples::typical_member("bert", 1));
  EXPECT_EQ(loaded(store, "carl").last_day, -1);
  EXPECT_FALSE(found_order(store, "bert", "order-1").found);
  EXPECT_THAT(control.saved, testing::ElementsAre(1));
  // And those of the members being saved once that is done.
  control.go.release(2);
  EXPECT_EQ(loaded(store, "m999"), samples::typical_member("m999", 3));
  EXPECT_EQ(loaded(store, "anna"), samples::typical_member("anna", 2));
}

TEST_F(AsyncStoreTest, SavesInOrderHoweverMany) {
  control.go.release(100);
  for (std::uint64_t n = 1; n <= 100; ++n) ASSERT_TRUE(save(n));
  ASSERT_TRUE(store.drain());
  std::vector<std::uint64_t> expected(100);
  for (std::uint64_t n = 1; n <= 100; ++n) expected[n - 1] = n;
  EXPECT_EQ(control.saved, expected);
}

TEST_F(AsyncStoreTest, DoesNotCareWhatBecomesOfABatchThatItTook) {
  Saver saver{store};
  ports::SavedBatch batch = saver.member(samples::typical_member("anna", 1)).batch();
  ASSERT_TRUE(store.save(batch));
  batch.clear();
  store.encode(samples::checkpoint(99), batch);
  control.go.release();
  EXPECT_EQ(loaded(store, "anna"), samples::typical_member("anna", 1));
}

TEST_F(AsyncStoreTest, SavesWhatIsQueuedBeforeItEnds) {
  Gated::Control other;
  {
    AsyncStore short_lived{std::make_unique<Gated>(other)};
    ASSERT_TRUE(Saver{short_lived}.checkpoint(samples::checkpoint(1)).save(1));
    ASSERT_TRUE(Saver{short_lived}.checkpoint(samples::checkpoint(2)).save(2));
    other.go.release(2);
  }
  EXPECT_THAT(other.saved, testing::ElementsAre(1, 2));
}

TEST_F(AsyncStoreTest, AnswersWithTheErrorOfASaveAndSavesNothingBehindIt) {
  // Given a save that fails with another behind it.
  control.fail_at = 2;
  ASSERT_TRUE(save(1));
  ASSERT_TRUE(save(2));
  ASSERT_TRUE(save(3));
  control.go.release(10);
  // Then every call says so.
  EXPECT_EQ(store.drain().error().code, Errc::output_unwritable);
  EXPECT_EQ(save(4).error().code, Errc::output_unwritable);
  member::Record record;
  member::Record* out = &record;
  const std::string_view id = "anna";
  EXPECT_EQ(store.load({&id, 1}, {&out, 1}).error().detail, "no space left");
  // And a recovery, told once, finds the prefix before it and goes on from there.
  EXPECT_EQ(store.checkpoint().error().code, Errc::output_unwritable);
  const auto checkpoint = store.checkpoint();
  ASSERT_TRUE(checkpoint && *checkpoint);
  EXPECT_EQ((*checkpoint)->committed, 1U);
  ASSERT_TRUE(save(5));
  ASSERT_TRUE(store.drain());
  EXPECT_THAT(control.saved, testing::ElementsAre(1, 5));
}

TEST(AsyncStoreOnDisk, ReadsBesideSavesSeeEverySaveBeforeThem) {
  // Given portions of members saved in a row, each as it was and with an order of its own.
  TemporaryDirectory directory;
  RocksShared shared;
  auto opened = RocksStore::open(directory.path(), 0, shared);
  ASSERT_TRUE(opened) << to_string(opened.error());
  AsyncStore store{std::move(*opened)};
  constexpr std::uint64_t portions = 60, members = 200;
  const auto id = [](std::uint64_t portion, std::uint64_t n) {
    return "m" + std::to_string(portion) + "-" + std::to_string(n);
  };
  for (std::uint64_t portion = 1; portion <= portions; ++portion) {
    Saver saver{store};
    for (std::uint64_t n = 0; n < members; ++n) {
      saver.member(samples::typical_member(id(portion, n), portion), no_day,
                   {.entries = {}, .orders = {samples::order(portion)}, .rows = {}});
    }
    ASSERT_TRUE(saver.save(portion));
    // Then whoever asks meanwhile, for one of an earlier portion or of this one, sees it.
    for (const std::uint64_t asked : {(portion + 1) / 2, portion}) {
      const std::string member = id(asked, portion % members);
      ASSERT_EQ(loaded(store, member), samples::typical_member(member, asked));
      const auto row = found_order(store, member, samples::order(asked).order_id);
      ASSERT_TRUE(row.found);
      ASSERT_EQ(row.order, samples::order(asked));
    }
  }
}

}  // namespace
}  // namespace fealty::state
