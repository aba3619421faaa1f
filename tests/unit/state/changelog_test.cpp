#include <array>
#include <map>
#include <set>

#include "fealty/state/schema.hpp"
#include "store_fixture.hpp"

/// What a save puts into the changelog, and what a restore makes of it.
namespace fealty::state {
namespace {

using member::RowKey;
using testing::ElementsAre;

constexpr std::uint8_t refund_kind = 1;

template <class Host>
class ChangelogTest : public MemberStoreTest<Host> {
 protected:
  /// The changelog of one save of `anna` as of a position.
  Changelog saved(std::uint64_t as_of, const samples::History& beside) {
    Saver saver = this->saver();
    saver.member(due_on("anna", no_day, as_of), no_day, beside);
    return changelog_of(this->store(), saver.batch());
  }
};
TYPED_TEST_SUITE(ChangelogTest, Hosts);

/// Two ledger entries, two orders, a delivery and a reservation.
samples::History shopping(std::uint64_t seq) {
  samples::History beside = samples::history(seq);
  beside.orders = {samples::order(seq), samples::order(seq + 1)};
  beside.rows = {
      samples::put(RowKey::reservation("d"), {}, 5),
      samples::put(RowKey::business(refund_kind, samples::kept("r" + std::to_string(seq))),
                   {"e", "/shop", seq, refund_kind})};
  return beside;
}
std::vector<char> tables(const Changelog& records) {
  std::vector<char> out;
  for (const auto& [key, value] : records) out.push_back(key[0]);
  return out;
}
std::size_t distinct_keys(const std::vector<Changelog>& logs) {
  std::set<std::string> keys;
  for (const Changelog& log : logs) {
    for (const auto& [key, value] : log) keys.insert(key);
  }
  return keys.size();
}
/// What is left when all but the last record of each key are gone.
Changelog compacted(const Changelog& records) {
  std::map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < records.size(); ++i) last[records[i].first] = i;
  Changelog left;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (last[records[i].first] == i) left.push_back(records[i]);
  }
  return left;
}
void append(Changelog& log, const Changelog& more) {
  log.insert(log.end(), more.begin(), more.end());
}

TYPED_TEST(ChangelogTest, WhatASaveBringsBesideAMemberIsOneRecordButForWhatMayBeErased) {
  EXPECT_THAT(tables(this->saved(9, shopping(10))), ElementsAre('m', 'v', 'b'));
  samples::History erased;
  erased.rows = {samples::erase(RowKey::reservation("d")), samples::erase(RowKey::parked(1))};
  const Changelog gone = this->saved(10, erased);
  EXPECT_THAT(tables(gone), ElementsAre('m', 'v', 'r'));
  EXPECT_EQ(gone[1].second, "");
  // And one row alone is a record as it always was.
  samples::History one;
  one.orders = {samples::order(7)};
  EXPECT_THAT(tables(this->saved(11, one)), ElementsAre('m', 'o'));
  // Members and the checkpoint keep to themselves.
  Saver saver = this->saver();
  saver.member(due_on("a", no_day), no_day, samples::history(1))
      .member(due_on("ab", no_day), no_day, shopping(1))
      .checkpoint(samples::checkpoint(1));
  EXPECT_THAT(tables(changelog_of(this->store(), saver.batch())),
              ElementsAre('m', 'b', 'm', 'v', 'b', 'c'));
}

TYPED_TEST(ChangelogTest, NoTwoPacksHaveOneKey) {
  // Given saves of a member as of several positions, two of them at one.
  samples::History orders = shopping(1);
  orders.entries.clear();
  const std::vector<Changelog> logs{this->saved(9, orders), this->saved(10, orders),
                                    this->saved(10, shopping(1)), this->saved(10, shopping(3)),
                                    this->saved(11, orders)};
  // Then only the member's own key and its reservation's come again.
  EXPECT_EQ(distinct_keys(logs), 2 + logs.size());
}

TYPED_TEST(ChangelogTest, RestoresPacksToWhatWasSaved) {
  auto& store = this->store();
  Changelog log = this->saved(9, shopping(10));
  append(log, this->saved(12, shopping(12)));
  restore(store, log);
  this->host.reopen();
  auto& again = this->store();
  EXPECT_THAT(entry_numbers(again, "anna"), ElementsAre(10, 11, 12, 13));
  for (const std::uint64_t order : {10U, 11U, 12U, 13U}) {
    EXPECT_EQ(found_order(again, "anna", "order-" + std::to_string(order)).order,
              samples::order(order));
  }
  EXPECT_EQ(found(again, "anna", RowKey::business(refund_kind, "r12")).delivery,
            (member::DeliveryRow{"e", "/shop", 12, refund_kind}));
  EXPECT_EQ(found(again, "anna", RowKey::reservation("d")).reserved, 5);
  EXPECT_FALSE(found_order(again, "ann", "order-10").found);
}

TYPED_TEST(ChangelogTest, TheLastValueOfAnOrderStandsWhateverRecordItIsIn) {
  // Given an order that an older release saved, which a refund changes in a pack, and another one
  // alone; and one that goes the other way.
  samples::History first, second, third;
  first.orders = {samples::order(1, 100), samples::order(2, 100)};
  second.orders = {samples::order(1, 50), samples::order(2, 60), samples::order(3, 70)};
  third.orders = {samples::order(3, 30)};
  Saver old_release = this->saver();
  old_release.member(due_on("anna", no_day, 5), no_day, first);
  Changelog log = unpacked(old_release.batch());
  append(log, this->saved(6, second));
  append(log, this->saved(7, third));
  // When all of it is restored, or what compaction leaves.
  for (const Changelog& read : {log, compacted(log)}) {
    restore(this->store(), read);
    EXPECT_EQ(found_order(this->store(), "anna", "order-1").order.granted, 50);
    EXPECT_EQ(found_order(this->store(), "anna", "order-2").order.granted, 60);
    EXPECT_EQ(found_order(this->store(), "anna", "order-3").order.granted, 30);
  }
  EXPECT_EQ(loaded(this->store(), "anna").as_of, 7U);
}

TYPED_TEST(ChangelogTest, CutsPacksIntoRecordsThatAnyBrokerTakes) {
  // Given a member with thousands of entries and orders since its last save.
  samples::History long_one;
  std::vector<std::uint64_t> seqs;
  for (std::uint64_t seq = 1; seq <= 5000; ++seq) {
    long_one.entries.push_back(samples::entry(seq));
    long_one.orders.push_back(samples::order(seq));
    seqs.push_back(seq);
  }
  const Changelog log = this->saved(9, long_one);
  std::size_t largest = 0;
  for (const auto& [key, value] : log) largest = std::max(largest, value.size());
  EXPECT_LT(largest, 300U * 1024);
  EXPECT_GT(log.size(), 4U);
  EXPECT_LT(log.size(), 20U);
  EXPECT_EQ(distinct_keys({log}), log.size());
  restore(this->store(), log);
  EXPECT_EQ(entry_numbers(this->store(), "anna"), seqs);
  for (const std::uint64_t order : {1U, 2500U, 5000U}) {
    EXPECT_TRUE(found_order(this->store(), "anna", "order-" + std::to_string(order)).found);
  }
}

TYPED_TEST(ChangelogTest, APackThatIsGoneTakesNothingAlong) {
  const Changelog log = this->saved(9, shopping(10));
  restore(this->store(), log);
  restore(this->store(), {{log.back().first, ""}});
  EXPECT_THAT(entry_numbers(this->store(), "anna"), ElementsAre(10, 11));
}

TYPED_TEST(ChangelogTest, RefusesPacksThatItCannotRead) {
  const auto [key, value] = this->saved(9, shopping(10)).back();
  const auto refused = [&](const std::string& of, const std::string& bytes) {
    const auto result = this->store().restore(of, bytes, 1);
    return result ? Errc{} : result.error().code;
  };
  EXPECT_EQ(refused("b", value), Errc::store_corrupt);
  EXPECT_EQ(refused(key.substr(0, key.size() - 1), value), Errc::store_corrupt);
  EXPECT_EQ(refused(key, value.substr(0, value.size() - 1)), Errc::store_corrupt);
  EXPECT_EQ(refused(key, "\x12\x06\x0a\x01o\x12\x01x"), Errc::store_corrupt);  // no format
  EXPECT_EQ(refused(key, "\x08\x02\x12\x03\x0a\x01o"), Errc::store_corrupt);   // no value
  EXPECT_EQ(refused(key, "\x08\x03" + value.substr(2)), Errc::wrong_revision);
  EXPECT_EQ(refused(key, "\x08\x02\x12\x06\x0a\x01v\x12\x01x"), Errc::wrong_revision);
  // Whatever byte flips, it is read or refused.
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string flipped = value;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x81);
    EXPECT_THAT(refused(key, flipped),
                testing::AnyOf(Errc{}, Errc::store_corrupt, Errc::wrong_revision));
  }
}

/// Never made again: a change that breaks this test loses what is in somebody's changelog.
TEST(PackCodec, WritesTheseBytesAndKeepsToItsSchema) {
  MemoryStore store;
  ports::SavedBatch batch;
  const auto put = [&](std::string_view key, std::string_view value) {
    batch.begin_item(64).append(key);
    batch.key_done();
    batch.blocks.back().append(value);
    batch.item_done();
  };
  using namespace std::string_view_literals;
  const std::string long_value(200, 'x');
  put("manna", "M");
  put("l\0\4anna\0\0\0\0\0\0\1\2"sv, "L");
  put("o\0\4annaorder"sv, long_value);
  batch.as_of = 0x0a0b0c;
  const Changelog log = changelog_of(store, batch);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[1].first, "b\0\4anna\0\0\0\0\0\x0a\x0b\x0c\0\0\0\0\0\0\1\2\0\0"sv);
  EXPECT_EQ(log[1].second, std::string("\x08\x02"
                                       "\x12\x0e\x0a\x09l\0\0\0\0\0\0\1\2\x12\x01L"
                                       "\x12\xd3\x01\x0a\x06oorder\x12\xc8\x01"sv) +
                               long_value);
  EXPECT_EQ(*through_schema(Schema::pack, log[1].second), log[1].second);
}

/// Members whose timers move with each of some saves, and the changelog of it all.
Changelog of_many(InMemory& host) {
  Changelog log;
  for (std::uint64_t round = 1; round <= 3; ++round) {
    Saver saver = host.saver();
    for (std::uint64_t n = 0; n < 300; ++n) {
      const auto day = [&](std::uint64_t of) {
        return of == 0 ? no_day : static_cast<Day>(of * 7 + n % 5);
      };
      saver.member(due_on("m" + std::to_string(n), day(round), round), day(round - 1),
                   samples::history(round * 10));
    }
    // And some that come once and never change.
    for (std::uint64_t n = 0; round == 1 && n < 100; ++n) {
      saver.member(due_on("s" + std::to_string(n), 50, round));
    }
    saver.checkpoint(samples::checkpoint(round));
    const Changelog records = changelog_of(*host.store, saver.batch());
    append(log, records);
    EXPECT_TRUE(saver.save(log.size()));
  }
  return log;
}

TEST(Filling, InPortionsGivesTheSameStateAlsoWhereItWasCutShort) {
  // Given a changelog of many times what is held of it, with each member in several portions.
  InMemory reference;
  const Changelog log = of_many(reference);
  RocksOptions options;
  options.restore_bytes = 1;  // As little as there is.
  const TemporaryDirectory directory;
  {
    const auto stores = stores_in(directory.path(), options);
    const auto store = opened(*stores, 3);
    for (std::size_t i = 0; i < log.size() * 2 / 3; ++i) {
      ASSERT_TRUE(store->restore(log[i].first, log[i].second, 0));
    }
    ASSERT_FALSE(store->empty());  // Some of it is there, and the pass goes no further.
  }
  // When another pass goes over all of it, then nobody can tell it from what was saved: no member
  // has a timer too many or none.
  const auto stores = stores_in(directory.path(), options);
  const auto store = opened(*stores, 3);
  restore(*store, log);
  EXPECT_EQ(all_due(*store, -1, no_day - 1), all_due(*reference.store, -1, no_day - 1));
  EXPECT_EQ(entry_numbers(*store, "m299"), entry_numbers(*reference.store, "m299"));
  EXPECT_EQ(loaded(*store, "m7").due(), loaded(*reference.store, "m7").due());
  // And a pass over a store that is there moves the timers that it has.
  restore(*store, log);
  EXPECT_EQ(all_due(*store, -1, no_day - 1), all_due(*reference.store, -1, no_day - 1));
}

}  // namespace
}  // namespace fealty::state
