#include "fealty/ports/member_store.hpp"

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

using member::Record;
using testing::ElementsAre;
using testing::IsEmpty;

TYPED_TEST_SUITE(MemberStoreTest, Hosts);

TYPED_TEST(MemberStoreTest, StartsEmptyAndGivesNewMembers) {
  auto& store = this->store();
  EXPECT_TRUE(store.empty());
  const auto checkpoint = store.checkpoint();
  ASSERT_TRUE(checkpoint);
  EXPECT_FALSE(checkpoint->has_value());
  Record fresh;
  fresh.id = "anna";
  EXPECT_EQ(loaded(store, "anna"), fresh);
  EXPECT_THAT(all_due(store, -1, no_day), IsEmpty());
}

TYPED_TEST(MemberStoreTest, GivesBackWhatWasSavedAlsoAfterReopening) {
  const Record anna = samples::typical_member("anna"), zoe = samples::full_member();
  ASSERT_TRUE(this->saver().member(zoe).member(anna).checkpoint(samples::checkpoint(9)).save(77));
  for (int round = 0; round < 2; ++round) {
    auto& store = this->store();
    EXPECT_EQ(loaded(store, "anna"), anna);
    EXPECT_EQ(loaded(store, zoe.id), zoe);
    EXPECT_FALSE(store.empty());
    auto expected = samples::checkpoint(9);
    expected.changelog_position = 77;
    const auto checkpoint = store.checkpoint();
    ASSERT_TRUE(checkpoint && *checkpoint);
    EXPECT_EQ(**checkpoint, expected);
    this->host.reopen();
  }
}

TYPED_TEST(MemberStoreTest, LoadsManyInTheOrderAskedKnownAndUnknownMixed) {
  // Given 1,000 members, saved in three batches.
  auto& store = this->store();
  for (std::uint64_t first : {0U, 1U, 2U}) {
    Saver saver = this->saver();
    for (std::uint64_t i = first; i < 1'000; i += 3) {
      saver.member(samples::typical_member("m" + std::to_string(i), i));
    }
    ASSERT_TRUE(saver.save());
  }
  // When 2,000 ids are asked for, one of them twice, the later ones first.
  std::vector<std::string> ids;
  for (std::uint64_t i = 2'000; i-- > 0;) ids.push_back("m" + std::to_string(i));
  ids.push_back("m5");
  const std::vector<std::string_view> views{ids.begin(), ids.end()};
  std::vector<Record> records(ids.size());
  std::vector<Record*> out;
  for (auto& record : records) out.push_back(&record);
  records[3] = samples::full_member();  // What was there before is gone.
  ASSERT_TRUE(store.load(views, out));
  // Then each is its own.
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const std::uint64_t i = std::stoull(ids[k].substr(1));
    Record expected;
    expected.id = ids[k];
    EXPECT_EQ(records[k], i < 1'000 ? samples::typical_member(ids[k], i) : expected) << ids[k];
  }
}

TYPED_TEST(MemberStoreTest, KeepsTheLastOfSeveralVersions) {
  auto& store = this->store();
  const Record first = samples::typical_member("anna", 1),
               second = samples::typical_member("anna", 2);
  ASSERT_TRUE(this->saver().member(first).save());
  ASSERT_TRUE(this->saver().member(second).save());
  EXPECT_EQ(loaded(store, "anna"), second);
}

TYPED_TEST(MemberStoreTest, NamesMembersThatAreDueEarliestFirst) {
  auto& store = this->store();
  const Record a = due_on("a", 30), b = due_on("b", 10), c = due_on("c", -5), d = due_on("d", 20),
               never = due_on("e", no_day);
  ASSERT_TRUE(this->saver().member(a).member(b).member(c).member(d).member(never).save());
  EXPECT_THAT(all_due(store, -100, 20), ElementsAre("c", "b", "d"));
  EXPECT_THAT(all_due(store, 11, 30), ElementsAre("d", "a"));
  EXPECT_THAT(all_due(store, 31, 1'000), IsEmpty());
  EXPECT_THAT(all_due(store, 21, 20), IsEmpty());
  EXPECT_THAT(all_due(store, std::numeric_limits<Day>::min(), no_day),
              ElementsAre("c", "b", "d", "a"));
}

TYPED_TEST(MemberStoreTest, NamesDueMembersInPortions) {
  auto& store = this->store();
  Saver saver = this->saver();
  for (int i = 0; i < 10; ++i) saver.member(due_on("m" + std::to_string(i), i / 3));
  ASSERT_TRUE(saver.save());
  std::vector<ports::DuePlace> places;
  std::vector<bool> more;
  do {
    const auto left = store.due(places.empty() ? ports::DuePlace{} : places.back(), 100, 4, places);
    ASSERT_TRUE(left);
    more.push_back(*left);
  } while (more.back());
  EXPECT_THAT(more, ElementsAre(true, true, false));
  EXPECT_THAT(members_of(places),
              ElementsAre("m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"));
}

TYPED_TEST(MemberStoreTest, MovesTheTimerOfAMemberSavedWithAnotherDay) {
  auto& store = this->store();
  ASSERT_TRUE(this->saver().member(due_on("a", 10)).member(due_on("b", 10)).save());
  ASSERT_TRUE(this->saver().member(due_on("a", 50), 10).member(due_on("b", no_day), 10).save());
  EXPECT_THAT(all_due(store, -1, 49), IsEmpty());
  EXPECT_THAT(all_due(store, -1, 50), ElementsAre("a"));
  ASSERT_TRUE(this->saver().member(due_on("a", 50, 2), 50).save());
  EXPECT_THAT(all_due(store, -1, 50), ElementsAre("a"));
}

TYPED_TEST(MemberStoreTest, ScansEveryMemberInBytewiseOrder) {
  auto& store = this->store();
  ASSERT_TRUE(this->saver()
                  .member(due_on("b", 1), no_day, samples::history(1))
                  .member(due_on("\xc3\xa9", 2))
                  .member(due_on("B", 3))
                  .member(due_on("ba", 4))
                  .checkpoint(samples::checkpoint(1))
                  .save());
  std::vector<std::string> ids;
  ASSERT_TRUE(store.scan([&](const Record& record) -> Result<void> {
    ids.push_back(record.id);
    return {};
  }));
  EXPECT_THAT(ids, ElementsAre("B", "b", "ba", "\xc3\xa9"));
}

TYPED_TEST(MemberStoreTest, StopsAScanAtTheFirstErrorOfItsVisitor) {
  auto& store = this->store();
  ASSERT_TRUE(this->saver().member(due_on("a", 1)).member(due_on("b", 1)).save());
  int visited = 0;
  const auto scanned = store.scan([&](const Record&) -> Result<void> {
    ++visited;
    return Error{Errc::output_unwritable};
  });
  EXPECT_EQ(scanned.error().code, Errc::output_unwritable);
  EXPECT_EQ(visited, 1);
}

TYPED_TEST(MemberStoreTest, GivesMembersInPagesFromAnyIdOn) {
  auto& store = this->store();
  ASSERT_TRUE(
      this->saver().member(due_on("a", 1)).member(due_on("b", 1)).member(due_on("c", 1)).save());
  std::vector<Record> page(7);
  ASSERT_TRUE(store.page("", 2, page));
  EXPECT_THAT(page, ElementsAre(due_on("a", 1), due_on("b", 1)));
  ASSERT_TRUE(store.page("b", 2, page));
  EXPECT_THAT(page, ElementsAre(due_on("c", 1)));
  ASSERT_TRUE(store.page("c", 2, page));
  EXPECT_THAT(page, IsEmpty());
}

/// Everything that a reader can see of a store.
std::string seen(ports::MemberStore& store) {
  std::string all;
  EXPECT_TRUE(store.scan([&](const Record& record) -> Result<void> {
    all.append(record.id).push_back(' ');
    encode_record(record, record.as_of, all);
    return {};
  }));
  for (const auto& id : all_due(store, -1, no_day)) all.append(" due ").append(id);
  for (const std::string id : {"a", "b", "c"}) {
    for (const auto seq : entry_numbers(store, id)) {
      all.append(" " + std::to_string(seq));
      if (found_order(store, id, samples::order(seq).order_id).found) all.append(" order");
    }
    if (found(store, id, member::RowKey::reservation("d")).found) all.append(" reserved");
  }
  if (const auto checkpoint = store.checkpoint(); checkpoint && *checkpoint) {
    encode_checkpoint(**checkpoint, all);
    all.append(std::to_string((*checkpoint)->changelog_position));
  }
  return all;
}

TYPED_TEST(MemberStoreTest, RestoresFromTheChangelogToTheSameState) {
  // Given saved batches, their records in a changelog, and a store that holds the first of them.
  InMemory reference;
  ports::MemberStore& original = *reference.store;
  auto& copy = this->store();
  Changelog changelog;
  Day due = no_day;
  for (std::uint64_t round = 1; round <= 5; ++round) {
    const Day next = static_cast<Day>(round * 10);
    Saver saver = reference.saver();
    samples::History of_a = samples::history(round * 10);
    const member::RowKey key = member::RowKey::reservation("d");
    of_a.rows.push_back(round % 2 == 0 ? samples::erase(key) : samples::put(key, {}, 5));
    if (round == 5) of_a.rows = {samples::erase(key)};
    saver.member(due_on("a", next, round), due, of_a)
        .member(due_on("b", round < 4 ? next : no_day, round), round <= 4 ? due : no_day)
        .checkpoint(samples::checkpoint(round));
    due = next;
    const Changelog records = changelog_of(original, saver.batch());
    changelog.insert(changelog.end(), records.begin(), records.end());
    ASSERT_TRUE(saver.save(changelog.size()));
    if (round > 1) continue;
    ports::SavedBatch first = saver.batch();
    first.changelog_position = changelog.size();
    ASSERT_TRUE(this->save(first));
  }
  // When the rest is restored.
  const std::size_t start = (**copy.checkpoint()).changelog_position;
  restore(copy, changelog, start);
  // Then nobody can tell the two apart, and once more changes nothing.
  EXPECT_EQ(seen(copy), seen(original));
  restore(copy, changelog);
  EXPECT_EQ(seen(copy), seen(original));
}

TYPED_TEST(MemberStoreTest, RestoresDeletions) {
  auto& store = this->store();
  Saver saver = this->saver();
  saver.member(due_on("a", 10)).member(due_on("b", 10));
  ASSERT_TRUE(saver.save());
  ASSERT_TRUE(store.restore("ma", "", 5));
  ASSERT_TRUE(store.restored(5));
  EXPECT_THAT(all_due(store, -1, 100), ElementsAre("b"));
  EXPECT_EQ(loaded(store, "a").churn.due, no_day);
}

TYPED_TEST(MemberStoreTest, RefusesChangelogRecordsThatItCannotRead) {
  auto& store = this->store();
  EXPECT_EQ(store.restore("", "x", 1).error().code, Errc::store_corrupt);
  EXPECT_EQ(store.restore("z", "x", 1).error().code, Errc::wrong_revision);
  // What it gathers is read when it is written: at the latest at the end, before anybody asks for it.
  ASSERT_TRUE(store.restore("ma", "x", 1));
  EXPECT_EQ(store.restored(1).error().code, Errc::store_corrupt);
}

TYPED_TEST(MemberStoreTest, NamesAMemberWhoseBytesDoNotDecode) {
  auto& store = this->store();
  ports::SavedBatch batch;
  std::string& bytes = batch.begin_item(16);
  bytes += "manna";
  batch.key_done();
  bytes += "XX";
  batch.item_done();
  ASSERT_TRUE(this->save(batch));
  Record record;
  Record* out = &record;
  const std::string_view id = "anna";
  const auto result = store.load({&id, 1}, {&out, 1});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::store_corrupt);
  EXPECT_THAT(result.error().detail, testing::HasSubstr("anna"));
}

}  // namespace
}  // namespace fealty::state
