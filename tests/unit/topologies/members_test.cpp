#include "fealty/topologies/members.hpp"

#include <gmock/gmock.h>

#include "fealty/base/hash.hpp"
#include "fealty/program/apply.hpp"

namespace fealty::topologies {
namespace {

using member::NoticeType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// One point a dollar; silver from 100 points of 30 days.
program::Program shop() {
  program::Program out;
  out.id = "shop";
  out.version = 1;
  out.currency = *Currency::from_code("USD");
  program::Rule rule;
  rule.name = "base";
  rule.f = {.shape = program::Shape::linear, .beta = {1, 1}};
  out.rules = {rule};
  out.levels = {{"bronze", 0, {1, 1}}, {"silver", 100, {1, 1}}};
  out.period = program::Period::rolling_days;
  out.rolling_days = 30;
  check(compile(out).empty(), "the test's program compiles");
  return out;
}

/// One member on the path that the hosts run.
struct Host {
  explicit Host(program::Program p)
      : series{std::move(p)}, path{members_topology(series, mapping)}, applier{path.applier()} {
    record.id = "anna";
  }
  program::Outcome buy(std::string_view order, Day day, std::int64_t total_minor) {
    event::Purchase purchase;
    purchase.order_id = order;
    purchase.currency = series.first().currency;
    purchase.total_minor = total_minor;
    event::Event event;
    event.type = event::Type::purchase;
    event.member = record.id;
    event.id = order;
    event.id_hash = hash64(order);
    event.digest = hash64(order, 1);
    event.time = start_of(day) + std::chrono::hours{12};
    event.data = purchase;
    effects.clear();
    program::rows_needed(record, event, rows);  // Each order is new: none of them is there.
    return applier->apply(record, event, position++, rows, effects);
  }
  void tick(Day day) {
    effects.clear();
    path.announce(record, day, effects);
  }
  [[nodiscard]] std::vector<NoticeType> announced() const {
    std::vector<NoticeType> out;
    for (const auto& notice : effects.notices) out.push_back(notice.type);
    return out;
  }

  program::Series series;
  codec::Mapping mapping;
  runtime::Topology path;
  std::unique_ptr<runtime::EventApplier> applier;
  member::Record record;
  member::Effects effects;
  member::Rows rows;
  event::Offset position = 0;
};

TEST(MembersTopology, MutingKeepsNoticesFromBeingSentAndChangesNothingElse) {
  program::Program some = shop(), all = shop();
  some.muted.set(static_cast<std::size_t>(NoticeType::points_earned));
  all.muted.set();
  Host loud{shop()}, quiet{some}, silent{all};
  for (Host* host : {&loud, &quiet, &silent}) host->buy("a", 20'000, 100'00);
  EXPECT_THAT(loud.announced(), ElementsAre(NoticeType::points_earned, NoticeType::tier_upgraded));
  EXPECT_THAT(quiet.announced(), ElementsAre(NoticeType::tier_upgraded));
  EXPECT_THAT(silent.announced(), IsEmpty());
  for (Host* host : {&loud, &quiet, &silent}) {
    host->tick(20'300);
    host->buy("b", 20'290, 100'00);
    host->buy("c", 20'600, 100'00);
  }
  EXPECT_GT(loud.record.timer_notices, 0U);
  EXPECT_EQ(quiet.record, loud.record);
  EXPECT_EQ(silent.record, loud.record);
  EXPECT_EQ(silent.effects.entries.size(), loud.effects.entries.size());
}

TEST(MembersTopology, NobodyHearsOfHistory) {
  program::Program live_from = shop();
  live_from.mute_before = start_of(20'300);
  Host loud{shop()}, host{live_from};
  std::size_t of_history = 0;
  const auto both = [&](const auto& act) {
    act(loud);
    act(host);
    EXPECT_EQ(host.record, loud.record);
    EXPECT_EQ(host.effects.entries.size(), loud.effects.entries.size());
  };
  for (const Day day : {20'000, 20'299}) {
    both([&](Host& one) { one.buy("of " + std::to_string(day), day, 100'00); });
    EXPECT_THAT(host.announced(), IsEmpty());
    of_history += loud.announced().size();
  }
  EXPECT_GT(of_history, 0U);
  both([&](Host& one) { one.buy("live", 20'300, 100'00); });
  EXPECT_THAT(host.announced(), testing::Not(IsEmpty()));
  EXPECT_EQ(host.announced(), loud.announced());
  // One that comes late is of the time when it happened; what falls due, of the clock's.
  both([&](Host& one) { one.buy("late", 20'298, 100'00); });
  EXPECT_THAT(host.announced(), IsEmpty());
  both([&](Host& one) { one.tick(20'900); });
  EXPECT_THAT(host.announced(), testing::Not(IsEmpty()));
  EXPECT_EQ(host.announced(), loud.announced());
}

TEST(MembersTopology, WhatFallsDueOnADayCountsFromItsBeginning) {
  program::Program live_from = shop();
  live_from.mute_before = start_of(20'900) + std::chrono::hours{12};
  for (const auto& [day, heard] : {std::pair{20'900, false}, std::pair{20'901, true}}) {
    Host host{live_from};
    host.buy("a", 20'000, 100'00);
    host.tick(day);
    EXPECT_NE(host.record.timer_notices, 0U);
    EXPECT_EQ(!host.announced().empty(), heard) << day;
  }
}

TEST(MembersTopology, ARefusedEventLeavesNothingBehind) {
  // Given a member for whom both a fall and a risk fall due.
  Host host{shop()};
  host.buy("a", 20'000, 100'00);
  const member::Record before = host.record;
  ASSERT_LT(before.due(), 20'900);
  // When a purchase that cannot be taken comes after both days.
  EXPECT_EQ(host.buy("b", 20'900, 2'000'000'000'000'000).verdict, program::Verdict::refused);
  EXPECT_EQ(host.record, before);
  EXPECT_THAT(host.effects.notices, IsEmpty());
}

}  // namespace
}  // namespace fealty::topologies
