#include "store_fixture.hpp"

/// What lies beside a member's record in a store: its ledger and its rows.
namespace fealty::state {
namespace {

using member::Record;
using testing::ElementsAre;
using testing::IsEmpty;

template <class Host>
class BesideMemberTest : public MemberStoreTest<Host> {};
TYPED_TEST_SUITE(BesideMemberTest, Hosts);

TYPED_TEST(BesideMemberTest, GivesHistoryOldestFirstAndOnlyOfThatMember) {
  // Given ids that begin with one another, and positions of different lengths.
  auto& store = this->store();
  for (const std::uint64_t as_of : {2U, 300U, 70'000U}) {
    Record a = due_on("a", no_day, as_of), ab = due_on("ab", no_day, as_of);
    ASSERT_TRUE(this->saver()
                    .member(ab, no_day, samples::history(as_of + 10))
                    .member(a, no_day, samples::history(as_of))
                    .save());
  }
  EXPECT_THAT(entry_numbers(store, "a"), ElementsAre(2, 3, 300, 301, 70'000, 70'001));
  EXPECT_THAT(entry_numbers(store, "ab"), ElementsAre(12, 13, 310, 311, 70'010, 70'011));
  EXPECT_THAT(entry_numbers(store, "b"), IsEmpty());
}

TYPED_TEST(BesideMemberTest, ReadsAnEntryThatIsNotSavedYetAsItWasEncoded) {
  auto& store = this->store();
  const auto history = samples::history(7);
  for (const auto& entry : history.entries) {
    std::string encoded;
    store.encode(entry, encoded);
    member::LedgerEntry read;
    ASSERT_TRUE(store.decode(encoded, read).has_value());
    EXPECT_EQ(read, entry);
    encoded.pop_back();
    EXPECT_FALSE(store.decode(encoded, read).has_value());
  }
  member::LedgerEntry read;
  EXPECT_FALSE(store.decode({}, read).has_value());
}

TYPED_TEST(BesideMemberTest, FindsTheNewestGrantOfAnOrder) {
  auto& store = this->store();
  const auto save = [&](std::uint64_t as_of, const member::OrderGrant& grant) {
    const Record anna = due_on("anna", no_day, as_of);
    ASSERT_TRUE(
        this->saver().member(anna, no_day, {.entries = {}, .orders = {grant}, .rows = {}}).save());
  };
  save(1, samples::order(7, 100));
  save(2, samples::order(8, 50));
  save(300, samples::order(7, 40));
  EXPECT_EQ(found_order(store, "anna", "order-7").order, samples::order(7, 40));
  EXPECT_EQ(found_order(store, "anna", "order-8").order, samples::order(8, 50));
  EXPECT_FALSE(found_order(store, "anna", "order-9").found);
  EXPECT_FALSE(found_order(store, "anna", "order-").found);
  EXPECT_FALSE(found_order(store, "anna", "order-77").found);
  EXPECT_FALSE(found_order(store, "ann", "order-7").found);
}

TYPED_TEST(BesideMemberTest, FindsEachRowByItsFullNameAlone) {
  // Given rows of all kinds whose names differ in one part each.
  using Key = member::RowKey;
  const member::DeliveryRow by_event{"", "", 7, 0x11}, by_business{"e", "/shop", 8, 0x11};
  samples::History beside;
  beside.rows = {samples::put(Key::event("ab", "c"), by_event),
                 samples::put(Key::business(0x11, "ab"), by_business),
                 samples::put(Key::named_event(1, "ab", "c"), by_event),
                 samples::put(Key::parked(3)), samples::put(Key::reservation("ab"), {}, 1'000'000)};
  ASSERT_TRUE(this->saver().member(due_on("a", no_day), no_day, beside).save());
  this->host.reopen();
  auto& again = this->store();
  EXPECT_EQ(found(again, "a", Key::event("ab", "c")).delivery, by_event);
  EXPECT_EQ(found(again, "a", Key::business(0x11, "ab")).delivery, by_business);
  EXPECT_EQ(found(again, "a", Key::named_event(1, "ab", "c")).delivery, by_event);
  EXPECT_EQ(found(again, "a", Key::parked(3)).parked, samples::parked());
  EXPECT_EQ(found(again, "a", Key::reservation("ab")).reserved, 1'000'000);
  // Then no other is found: not of another boundary between the texts, kind, scope or member.
  for (const Key& key :
       {Key::event("a", "bc"), Key::event("abc", ""), Key::event("ab", ""),
        Key::business(0x12, "ab"), Key::business(0x11, "abc"), Key::named_event(2, "ab", "c"),
        Key::parked(2), Key::reservation("a"), Key::reservation("abc"), Key::order("ab")}) {
    EXPECT_FALSE(found(again, "a", key).found) << key.first << '|' << key.second;
  }
  EXPECT_FALSE(found(again, "ab", Key::reservation("")).found);
}

TYPED_TEST(BesideMemberTest, LooksManyRowsUpAtOnceInAnyOrder) {
  auto& store = this->store();
  samples::History beside;
  for (std::uint64_t n = 0; n < 10; n += 2) beside.orders.push_back(samples::order(n));
  ASSERT_TRUE(this->saver().member(due_on("a", no_day), no_day, beside).save());
  std::vector<std::string> ids;
  for (std::uint64_t n = 10; n-- > 0;) ids.push_back(samples::order(n).order_id);
  std::vector<member::FoundRow> rows(ids.size());
  std::vector<member::FoundRow*> asked;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    rows[i].key = member::RowKey::order(ids[i]);
    rows[i].found = true;  // What was there before is gone.
    asked.push_back(&rows[i]);
  }
  ASSERT_TRUE(store.find_rows("a", asked));
  for (std::uint64_t n = 0; n < 10; ++n) {
    const member::FoundRow& row = rows[9 - n];
    EXPECT_EQ(row.found, n % 2 == 0) << n;
    EXPECT_EQ(row.order, row.found ? samples::order(n) : member::OrderGrant{});
  }
}

TYPED_TEST(BesideMemberTest, ARowThatIsErasedIsGoneAndATombstoneInTheBatch) {
  auto& store = this->store();
  const member::RowKey key = member::RowKey::reservation("d");
  samples::History put, erase;
  put.rows = {samples::put(key, {}, 5)};
  erase.rows = {samples::erase(key)};
  ASSERT_TRUE(this->saver().member(due_on("a", no_day), no_day, put).save());
  EXPECT_TRUE(found(store, "a", key).found);
  Saver saver = this->saver();
  saver.member(due_on("a", no_day), no_day, erase);
  ASSERT_EQ(saver.batch().items.size(), 2U);
  const std::string tombstone{saver.batch().key(saver.batch().items[1])};
  EXPECT_EQ(saver.batch().value(saver.batch().items[1]), "");
  ASSERT_TRUE(saver.save());
  EXPECT_FALSE(found(store, "a", key).found);
  // And likewise when the changelog is restored.
  ASSERT_TRUE(this->saver().member(due_on("a", no_day), no_day, put).save());
  ASSERT_TRUE(store.restore(tombstone, "", 9));
  ASSERT_TRUE(store.restored(9));
  EXPECT_FALSE(found(store, "a", key).found);
}

TYPED_TEST(BesideMemberTest, GivesAPageOfALedgerFromAnySeqOn) {
  // Given a ledger saved in many parts, so long that each is several chunks.
  auto& store = this->store();
  std::uint64_t seq = 1;
  for (std::uint64_t part = 1; part <= 5; ++part) {
    samples::History beside;
    for (int i = 0; i < 500; ++i) beside.entries.push_back(samples::entry(seq++));
    ASSERT_TRUE(this->saver().member(due_on("a", no_day, part), no_day, beside).save());
    ASSERT_TRUE(this->saver().member(due_on("b", no_day, part), no_day, beside).save());
  }
  EXPECT_EQ(entry_numbers(store, "a").size(), 2500U);
  for (const std::uint64_t from : {1U, 2U, 499U, 500U, 501U, 1777U, 2500U}) {
    std::vector<std::uint64_t> expected;
    for (std::uint64_t n = from; n <= 2500 && expected.size() < 40; ++n) expected.push_back(n);
    EXPECT_EQ(entry_numbers(store, "a", from, 40), expected) << from;
  }
  EXPECT_THAT(entry_numbers(store, "a", 2501, 40), IsEmpty());
  EXPECT_THAT(entry_numbers(store, "a", 1, 0), IsEmpty());
  EXPECT_THAT(entry_numbers(store, "aa", 1, 40), IsEmpty());
}

TYPED_TEST(BesideMemberTest, CutsALongLedgerIntoRecordsThatAnyBrokerTakes) {
  // Given a member with thousands of entries and orders since its last save.
  auto& store = this->store();
  samples::History long_one;
  std::vector<std::uint64_t> seqs;
  for (std::uint64_t seq = 1; seq <= 5000; ++seq) {
    long_one.entries.push_back(samples::entry(seq));
    long_one.orders.push_back(samples::order(seq, 20));
    seqs.push_back(seq);
  }
  const Record anna = due_on("anna", no_day, 9), next = due_on("anna", no_day, 10);
  Saver saver = this->saver();
  saver.member(anna, no_day, long_one);
  std::size_t largest = 0;
  for (const auto& item : saver.batch().items) {
    largest = std::max(largest, saver.batch().value(item).size());
  }
  EXPECT_GT(saver.batch().items.size(), 5003U);
  EXPECT_LT(largest, 64U * 1024);

  ASSERT_TRUE(saver.save());
  ASSERT_TRUE(this->saver().member(next, no_day, samples::history(5001)).save());
  seqs.push_back(5001);
  seqs.push_back(5002);
  EXPECT_THAT(entry_numbers(store, "anna"), testing::ElementsAreArray(seqs));
  EXPECT_EQ(found_order(store, "anna", "order-4999").order.granted, 20);
  EXPECT_TRUE(found_order(store, "anna", "order-5001").found);
}

}  // namespace
}  // namespace fealty::state
