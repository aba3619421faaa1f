#include "fealty/runtime/row_lookup.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "fealty/base/hash.hpp"
#include "fealty/program/apply.hpp"
#include "rows_fixture.hpp"

namespace fealty::runtime {
namespace {

program::Program shop() {
  program::Program program;
  program.id = "shop";
  program.version = 1;
  program.currency = *Currency::from_code("USD");
  program.levels = {{"member", 0, {1, 1}}};
  check(program::compile(program).empty(), "the test's program compiles");
  return program;
}

/// One member whose rows are saved at once.
class RowLookupTest : public testing::Test {
 protected:
  RowLookupTest() { slot = cache.insert(cache.key_of("anna", 0), 0, "anna"); }
  program::Verdict send(const event::Event& event) {
    CachedMember& member = cache.member(slot);
    const auto rows = lookup.find(event, slot, HistoryLog::none);
    check(rows.has_value(), "a store that works");
    effects.clear();
    const auto outcome = program::apply(member.record, event, 1, **rows, series, effects);
    if (outcome.verdict != program::Verdict::applied) return outcome.verdict;
    lookup.note_left(member, effects);
    for (const auto& change : effects.rows) {
      if (change.what == member::RowChange::What::left) continue;
      std::string name;
      store.encode(change.key, name);
      store.rows[name] = RowStore::value_of(change);
    }
    member.record.as_of = 1;
    cache.recount(member);
    return outcome.verdict;
  }
  event::Event event_of(std::string id, event::Data data, event::Type type) {
    event::Event event;
    event.type = type;
    event.id = texts.emplace_back(std::move(id));
    event.source = "shop";
    event.member = "anna";
    event.digest = hash64(event.id);
    event.data = data;
    return event;
  }
  event::Event bought(const std::string& order) {
    event::Purchase purchase;
    purchase.order_id = texts.emplace_back(order);
    purchase.currency = series.first().currency;
    return event_of("e-" + order, purchase, event::Type::purchase);
  }
  event::Event cancelled(const std::string& order) {
    return event_of("c-" + order, event::Cancel{texts.emplace_back(order)}, event::Type::cancel);
  }

  const program::Series series{shop()};
  MemberCache cache{std::size_t{16} << 20U};
  RowStore store;
  HistoryLog log{[this](std::size_t before, std::size_t now) { cache.hold(before, now); }};
  Unsaved unsaved{store, cache, log};
  RowLookup lookup{store, unsaved, cache};
  member::Effects effects;
  std::deque<std::string> texts;
  Slot slot = no_slot;
};

TEST_F(RowLookupTest, ReadsNothingForNewOrdersOfAMemberThatNeverLeftMemory) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(send(bought("o" + std::to_string(i))), program::Verdict::applied);
  }
  // But for those whose short hash, seeded at random, is that of another: 0.1 of all, on average.
  EXPECT_LE(store.reads, 4U);
  const std::size_t before = store.reads;
  // A repeat of one that has left the window is read, and known; so is an order to be cancelled.
  EXPECT_EQ(send(bought("o17")), program::Verdict::duplicate);
  EXPECT_EQ(store.reads, before + 1);
  EXPECT_EQ(send(cancelled("o18")), program::Verdict::applied);
  EXPECT_EQ(store.reads, before + 2);
  EXPECT_EQ(send(cancelled("never")), program::Verdict::applied);
  EXPECT_LE(store.reads, before + 3);  // Where its hash is another's.
}

TEST_F(RowLookupTest, ReadsOnceForAMemberThatCameBackFromTheStore) {
  for (int i = 0; i < 100; ++i) send(bought("o" + std::to_string(i)));
  const member::Record record = cache.member(slot).record;
  cache.drop_partition(0);
  slot = cache.insert(cache.key_of("anna", 0), 0, "anna");
  cache.member(slot).record = record;
  EXPECT_EQ(send(bought("new")), program::Verdict::applied);
  EXPECT_EQ(store.reads, 1U);
  EXPECT_EQ(store.asked, 2U);
  EXPECT_EQ(send(bought("o3")), program::Verdict::duplicate);
  EXPECT_EQ(store.reads, 2U);
  EXPECT_EQ(cache.member(slot).left_keys, nullptr);
}

TEST_F(RowLookupTest, LeftKeysHaveABoundAndCount) {
  // Given a cache of 16 MiB: one member's keys may take a sixteenth of it.
  const std::size_t before = cache.bytes();
  std::size_t most = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_EQ(send(bought(n)), program::Verdict::applied);
    most = std::max(most, cache.bytes() - before);
    texts.clear();
    store.rows.clear();
  }
  EXPECT_GT(most, std::size_t{1} << 19U);
  EXPECT_LT(most, (std::size_t{1} << 20U) + 20'000);
  // Beyond it they go, and rows are read again.
  EXPECT_EQ(cache.member(slot).left_keys, nullptr);
  EXPECT_GT(store.reads, 0U);
  EXPECT_LT(cache.bytes() - before, 20'000U);
}

}  // namespace
}  // namespace fealty::runtime
