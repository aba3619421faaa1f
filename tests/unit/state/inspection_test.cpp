// Inspection: what an audit says of a sound state, and of each way in which one is not.
#include "fealty/state/inspection.hpp"

#include <fstream>

#include "store_fixture.hpp"

namespace fealty::state {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::uint64_t chain(std::uint64_t before, const member::LedgerEntry& entry) {
  return mix(before, entry.seq);
}

/// A member and what lies beside it, each to be spoilt.
struct Sound {
  member::Record record;
  samples::History history;

  explicit Sound(std::string id = "anna") {
    using member::EntryKind;
    record.id = std::move(id);
    record.as_of = 100;
    post(EntryKind::earn, 120);
    post(EntryKind::reserve, -30);
    post(EntryKind::redeem, -10);
    post(EntryKind::reverse, -5);
    record.lifetime_points = 115;
    record.redeemed_points = 10;
    record.reserved = 30;
    member::OrderGrant order = samples::order(1, 120);
    order.reversed = 5;
    history.orders = {order};
    record.purchases = 1;
    record.revenue_minor = order.total_minor;
    record.refunded_minor = order.refunded_minor;
    record.rare.edit().reservations = 1;
    record.rare.edit().parked = {{hash64(samples::parked().order_id), 3}};
    record.churn.due = 20'000;
    record.level.level = 1;
    record.purchase_days = {19'000};
    history.rows = {samples::put(member::RowKey::event("e", "/s"), {}),
                    samples::put(member::RowKey::parked(3)),
                    samples::put(member::RowKey::reservation("r-1"), {}, 30)};
  }
  member::LedgerEntry& entry(std::size_t i) { return history.entries.at(i); }

 private:
  void post(member::EntryKind kind, std::int64_t points) {
    member::LedgerEntry entry = samples::entry(++record.ledger_seq, points);
    entry.kind = kind;
    record.balance += points;
    entry.balance_after = record.balance;
    entry.hash = record.ledger_hash = chain(record.ledger_hash, entry);
    history.entries.push_back(entry);
  }
};

class Audits : public testing::Test {
 protected:
  void save(const Sound& member, Day stored_due = no_day) {
    const auto stores = stores_in(directory.path());
    const auto store = opened(*stores, 5);
    Saver saver{*stores, *store};
    saver.member(member.record, stored_due, member.history);
    ASSERT_TRUE(saver.checkpoint(at).save(7));
  }
  std::vector<Fault> audit() {
    auto inspection = Inspection::open(directory.path(), true);
    EXPECT_TRUE(inspection) << to_string(inspection.error());
    Faults faults{100};
    audited = (*inspection)->audit(5, {chain, 3}, faults);
    return faults.kept();
  }
  ports::Checkpoint at = samples::checkpoint(200);
  TemporaryDirectory directory;
  Audited audited;
};

auto different(std::string_view key, std::string_view problem, std::string_view member = "anna") {
  return AllOf(Field("kind", &Fault::kind, Fault::Kind::different),
               Field("partition", &Fault::partition, std::optional<std::uint32_t>{5}),
               Field("member", &Fault::member, member), Field("key", &Fault::key, HasSubstr(key)),
               Field("problem", &Fault::problem, HasSubstr(problem)));
}

TEST_F(Audits, FindNothingInASoundState) {
  save(Sound{});
  save(Sound{"bertil"});
  EXPECT_THAT(audit(), IsEmpty());
  EXPECT_EQ(audited.members, 2U);
  EXPECT_EQ(audited.entries, 8U);
  EXPECT_EQ(audited.rows, 8U);
  EXPECT_EQ(audited.timers, 2U);
}

TEST_F(Audits, HoldTheLedgerAgainstTheRecord) {
  const auto spoilt = [&](const std::function<void(Sound&)>& spoil) {
    Sound member;
    spoil(member);
    fs::remove_all(directory.path());
    save(member);
    return audit();
  };
  EXPECT_THAT(spoilt([](Sound& m) { m.record.balance += 1; }),
              ElementsAre(different("balance", "76, but the entries add up to 75")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.ledger_seq += 1; }),
              ElementsAre(different("ledger", "ends with entry 4, the record counts 5")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.ledger_hash += 1; }),
              ElementsAre(different("ledger", "last hash")));
  EXPECT_THAT(
      spoilt([](Sound& m) { m.entry(1).hash += 1; }),
      ElementsAre(different("ledger entry 2", "hash"), different("ledger entry 3", "hash")));
  EXPECT_THAT(spoilt([](Sound& m) { m.entry(3).position = 100; }),
              ElementsAre(different("ledger entry 4", "as of 100")));
  EXPECT_THAT(spoilt([](Sound& m) { m.entry(2).balance_after -= 1; }),
              ElementsAre(different("ledger entry 3", "leaves a balance of 79"),
                          different("ledger entry 4", "leaves a balance of 75")));
  EXPECT_THAT(spoilt([](Sound& m) { m.entry(2).seq = 9; }),
              testing::Contains(different("ledger entry 9", "it follows entry 2")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.lifetime_points = 120; }),
              ElementsAre(different("lifetime points", "120, but")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.redeemed_points = 11; }),
              ElementsAre(different("reserved and redeemed", "41, but")));
  EXPECT_THAT(spoilt([](Sound& m) { m.history.entries.clear(); }),
              testing::Contains(different("ledger", "ends with entry 0")));
}

TEST_F(Audits, HoldTheRowsAgainstTheRecord) {
  const auto spoilt = [&](const std::function<void(Sound&)>& spoil) {
    Sound member;
    spoil(member);
    fs::remove_all(directory.path());
    save(member);
    return audit();
  };
  EXPECT_THAT(spoilt([](Sound& m) { m.history.orders.push_back(samples::order(2, 0)); }),
              testing::Contains(different("purchases", "1, but the orders add up to 2")));
  EXPECT_THAT(spoilt([](Sound& m) { m.history.orders[0].reversed = 130; }),
              testing::Contains(different("order order-1", "130 points reversed of 120")));
  EXPECT_THAT(spoilt([](Sound& m) { m.history.orders[0].lines[0].refunded_minor = 1'001; }),
              ElementsAre(different("order order-1", "1001 refunded of 1000 on line '1'")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.reserved = 31; }),
              testing::Contains(different("reserved", "31, but the reservations add up to 30")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.rare.edit().parked[0].order_hash = 1; }),
              ElementsAre(different("parked refund 3", "another order")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.rare.edit().parked[0].number = 2; }),
              ElementsAre(different("parked refund 3", "does not know"),
                          different("parked refund 2", "missing")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.rare.edit().parked.clear(); }),
              ElementsAre(different("parked refunds", "has none")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.level.level = 3; }),
              ElementsAre(different("record", "level 3, the program has 3")));
  EXPECT_THAT(spoilt([](Sound& m) { m.record.as_of = 201; }),
              ElementsAre(different("record", "201, but only 200 is committed")));
}

TEST_F(Audits, HoldTheTimersAgainstTheRecords) {
  Sound member;
  save(member);
  // As if the day of the version before were not known: its timer stays behind.
  member.record.churn.due = 20'007;
  member.history = {};
  save(member);
  EXPECT_THAT(audit(), ElementsAre(different("timer", "a day on which its member is not due")));
  EXPECT_EQ(audited.timers, 2U);
}

TEST_F(Audits, MissATimer) {
  Sound member;
  member.record.churn.due = no_day;
  save(member);
  member.record.churn.due = 20'000;
  member.history = {};
  save(member, 20'000);  // Held to be there already.
  EXPECT_THAT(audit(), ElementsAre(different("timer", "not in the index")));
}

TEST_F(Audits, HoldTheCheckpointAgainstItself) {
  at.recover_from = 201;
  std::swap(at.advances[0], at.advances[1]);
  save(Sound{});
  EXPECT_THAT(audit(), ElementsAre(different("checkpoint", "recover_from 201", ""),
                                   different("checkpoint", "turn back", "")));
}

TEST(InspectionOfFiles, NamesEachDamagedTableFile) {
  const TemporaryDirectory directory;
  for (const std::string id : {"anna", "bertil"}) {
    const auto stores = stores_in(directory.path(), {.write_ahead_log = false});
    const auto store = opened(*stores);
    const Sound member{id};
    Saver saver{*stores, *store};
    saver.member(member.record, no_day, member.history);
    ASSERT_TRUE(saver.checkpoint(samples::checkpoint(200)).save());
  }
  std::vector<std::string> names;
  for (const fs::path& file : files_like(directory.path(), ".sst")) {
    names.push_back(file.filename());
    std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekp(10);
    stream.write("damage", 6);
  }
  std::sort(names.begin(), names.end());
  const auto inspection = Inspection::open(directory.path(), true);
  ASSERT_TRUE(inspection) << to_string(inspection.error());
  const auto files = (*inspection)->table_files();
  ASSERT_EQ(files.size(), names.size());
  Faults faults{100};
  EXPECT_GT(check_table_files(directory.path(), &files, faults), 0U);
  ASSERT_EQ(faults.damaged(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(faults.kept()[i].file, names[i]);
  // What reads says so, too, and of whom.
  (void)(*inspection)->audit(0, {chain, 3}, faults);
  EXPECT_GT(faults.damaged(), names.size());
  EXPECT_EQ(faults.different(), 0U);
}

TEST(InspectionOfFiles, KeepsSoManyFaultsAndCountsThemAll) {
  Faults faults{2};
  for (int i = 0; i < 5; ++i) faults.add(Fault{});
  faults.add(Error{Errc::store_corrupt, "state", "/some/where/000012.sst: bad"}, 3);
  EXPECT_EQ(faults.kept().size(), 2U);
  EXPECT_EQ(faults.different(), 5U);
  EXPECT_EQ(faults.damaged(), 1U);
}

TEST(InspectionOfFiles, TellsSizesAndTheLargestMembers) {
  const TemporaryDirectory directory;
  {
    const auto stores = stores_in(directory.path());
    const auto store = opened(*stores, 5);
    Saver saver{*stores, *store};
    for (const char* const id : {"anna", "bertil", "carla"}) {
      Sound member{id};
      if (member.record.id == "bertil") {
        for (auto& entry : member.history.entries)
          entry.explanation = samples::kept(std::string(500, 'x'));
      }
      saver.member(member.record, no_day, member.history);
    }
    ASSERT_TRUE(saver.checkpoint(samples::checkpoint(200)).save(7));
  }
  const auto inspection = Inspection::open(directory.path(), false);
  ASSERT_TRUE(inspection);
  const auto sizes = (*inspection)->sizes(5, 2);
  ASSERT_TRUE(sizes);
  const auto ledger = std::find_if(sizes->begin(), sizes->end(),
                                   [](const TableSize& size) { return size.letter == 'l'; });
  ASSERT_NE(ledger, sizes->end());
  EXPECT_EQ(ledger->rows, 3U);
  ASSERT_EQ(ledger->largest.size(), 2U);
  EXPECT_EQ(ledger->largest[0].member, "bertil");
  EXPECT_GT(ledger->largest[0].bytes, 2'000U);
  EXPECT_EQ((*(*inspection)->checkpoint(5))->changelog_position, 7U);
}

}  // namespace
}  // namespace fealty::state
