#include "fealty/insight/churn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include "fealty/insight/bgnbd.hpp"
#include "fealty/member/notice_id.hpp"

namespace fealty::insight {
namespace {

using member::Effects;
using member::Notice;
using member::NoticeType;
using member::Record;

constexpr Day day_0 = 20'000;

/// Drives one member as the core does: what fell due, the change, after_purchase.
struct Shop {
  ChurnParameters parameters{};
  std::vector<ChurnGeneration> later{};  // what comes into force after them
  Record record{};
  std::vector<Notice> notices{};
  std::vector<member::NoticeId> ids{};  // of the notices
  std::vector<std::string> corrects{};  // what each says that it corrects, or nothing

  [[nodiscard]] ChurnSeries series() const {
    std::vector<ChurnGeneration> all{{.version = 3, .parameters = parameters}};
    all.insert(all.end(), later.begin(), later.end());
    return ChurnSeries{all};
  }
  void event(Day day, bool buys) {
    Effects effects;
    const EventTime time = start_of(day) + std::chrono::hours{12};
    const std::string id = (buys ? "buy-" : "view-") + std::to_string(day);
    const member::Cause cause{id, "shop",
                              buys ? member::CauseType::purchase : member::CauseType::view, time};
    const ChurnSeries in_force = series();
    Outlooks outlooks{in_force};
    announce(record, day, in_force, 0, effects);
    record.first_day = std::min(record.first_day, day);
    record.last_day = std::max(record.last_day, day);
    record.through = std::max(record.through, day);
    auto& days = record.purchase_days;
    const std::size_t days_before = days.size();
    if (buys && std::find(days.begin(), days.end(), day) == days.end()) {
      days.insert(std::upper_bound(days.begin(), days.end(), day), day);
    }
    if (buys) after_purchase(record, days_before, day, cause, outlooks, effects);
    take(effects);
  }
  void buy(Day day) { event(day, true); }
  void view(Day day) { event(day, false); }
  void tick(Day today) {
    Effects effects;
    announce(record, today, series(), 0, effects);
    record.through = std::max(record.through, today);
    take(effects);
  }
  /// Texts outlive the effects that the notices borrowed them from.
  void take(const Effects& effects) {
    static std::deque<std::string> texts;
    for (Notice notice : effects.notices) {
      notice.cause = texts.emplace_back(notice.cause);
      notice.explanation = texts.emplace_back(notice.explanation);
      ids.push_back(member::id_of(notice, record.id));
      corrects.emplace_back();
      for (const auto& item : notice.details) {
        if (item.key == "corrects") corrects.back() = std::get<std::string_view>(item.value);
      }
      notices.push_back(notice);
    }
  }
  [[nodiscard]] std::vector<NoticeType> types() const {
    std::vector<NoticeType> out;
    for (const Notice& notice : notices) out.push_back(notice.type);
    return out;
  }
};

/// Raised late enough that a new member is not at risk at once.
ChurnParameters patient() {
  ChurnParameters p;
  p.raise_bp = 9000;
  p.clear_bp = 7500;
  return p;
}

/// Five purchases two weeks apart; the last on day_0 + 56.
Shop regular_buyer() {
  Shop shop{.parameters = patient()};
  for (Day day = 0; day <= 56; day += 14) shop.buy(day_0 + day);
  return shop;
}

std::int64_t detail(const Notice& notice, std::string_view key) {
  for (const auto& item : notice.details) {
    if (item.key == key) return std::get<std::int64_t>(item.value);
  }
  return -1;
}
bool is_correction(const Notice& notice) {
  return std::any_of(notice.details.begin(), notice.details.end(), [](const member::Detail& item) {
    return item.key == "reason" && item.value == member::Value{std::string_view{"late_event"}};
  });
}

/// The first day with a score of `bp`, by looking at every day.
Day crossing_by_search(const Record& record, Day from, const ChurnParameters& p) {
  for (Day day = from; day <= record.purchase_days.back() + 7305; ++day) {
    if (churn_on(record, day, p) >= p.raise_bp) return day;
  }
  return no_day;
}

TEST(Churn, ScoreIsOneLessTheChanceToBuyInBasisPoints) {
  const Shop shop = regular_buyer();
  const ChurnParameters p = shop.parameters;
  for (Day quiet = 0; quiet < 400; ++quiet) {
    const double buys = p_buys_within({p.r, p.alpha, p.a, p.b}, 13, 4, 8, (56.0 + quiet) / 7.0);
    EXPECT_NEAR(churn_on(shop.record, day_0 + 56 + quiet, p), (1 - buys) * 10'000, 0.5001);
  }
}

TEST(Churn, ScoreNeverFallsWhileAMemberIsQuiet) {
  for (const std::size_t purchases : {1U, 2U, 5U, 40U, 300U}) {
    Record record{};
    for (std::size_t i = 0; i < purchases; ++i) {
      record.purchase_days.push_back(day_0 + 3 * static_cast<Day>(i));
    }
    std::uint16_t last = 0;
    for (Day day = record.purchase_days.back(); day < day_0 + 9000; ++day) {
      const std::uint16_t now = churn_on(record, day, {});
      ASSERT_GE(now, last) << purchases << " purchases, day " << day;
      ASSERT_LE(now, 10'000);
      last = now;
    }
  }
}

TEST(Churn, MemberWhoNeverBoughtIsScoredFromTheFirstDayButNeverNoticed) {
  Shop shop;
  shop.view(day_0);
  const std::uint16_t at_first = churn_on(shop.record, day_0, shop.parameters);
  shop.view(day_0 + 200);
  EXPECT_GT(at_first, 0);
  EXPECT_GT(churn_on(shop.record, day_0 + 200, shop.parameters), at_first);
  shop.tick(day_0 + 5000);
  EXPECT_TRUE(shop.notices.empty());
  EXPECT_EQ(shop.record.churn.due, no_day);
}

TEST(Churn, DueDayIsTheFirstDayAtOrAboveTheThreshold) {
  int waiting = 0;
  for (const std::int32_t raise_bp : {5000, 7000, 8000, 9000, 9900, 9999, 10'000}) {
    for (const Day step : {1, 3, 14, 60}) {
      for (const Day purchases : {1, 2, 3, 10, 60}) {
        Shop shop;
        shop.parameters.raise_bp = raise_bp;
        shop.parameters.clear_bp = raise_bp / 2;
        for (Day i = 0; i < purchases; ++i) shop.buy(day_0 + i * step);
        const auto& state = shop.record.churn;
        if (state.raised) continue;
        const Day from = std::max(shop.record.last_day,
                                  state.since > 0 ? state.since + 7 : shop.record.last_day);
        EXPECT_EQ(state.due, crossing_by_search(shop.record, from, shop.parameters))
            << raise_bp << " bp, every " << step << " days, " << purchases << " purchases";
        ++waiting;
      }
    }
  }
  EXPECT_GT(waiting, 100);
}

TEST(Churn, QuietMemberIsNoticedOnTheDayTheRiskCrosses) {
  Shop shop = regular_buyer();
  ASSERT_TRUE(shop.notices.empty());
  const Day due = shop.record.churn.due;
  shop.tick(due - 1);
  EXPECT_TRUE(shop.notices.empty());
  shop.tick(due + 30);

  ASSERT_EQ(shop.notices.size(), 1U);
  const Notice& notice = shop.notices.front();
  EXPECT_EQ(notice.type, NoticeType::churn_raised);
  EXPECT_EQ(notice.cause, "timer/churn/" + to_iso_date(due));
  EXPECT_EQ(notice.time, start_of(due));
  EXPECT_EQ(notice.rule, "churn");
  EXPECT_EQ(notice.rule_version, 3U);
  EXPECT_EQ(std::get<std::int64_t>(notice.before), shop.record.churn_bp);
  EXPECT_GE(std::get<std::int64_t>(notice.after), 9000);
  EXPECT_EQ(detail(notice, "threshold_bp"), 9000);
  EXPECT_EQ(detail(notice, "x"), 4);
  EXPECT_EQ(detail(notice, "t_x_days"), 56);
  EXPECT_EQ(detail(notice, "T_days"), due - day_0);
  EXPECT_EQ(detail(notice, "horizon_days"), 91);
  EXPECT_THAT(notice.explanation, testing::HasSubstr("4 repeat purchase days"));
  EXPECT_THAT(notice.explanation, testing::HasSubstr("within 91 days"));
  EXPECT_EQ(shop.record.churn.due, no_day);
}

TEST(Churn, PurchaseClearsARaisedRiskAtOnceAndTheBuyerIsTheCause) {
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  shop.buy(raised + 20);
  EXPECT_EQ(shop.types(), (std::vector{NoticeType::churn_raised, NoticeType::churn_cleared}));
  EXPECT_EQ(shop.notices[1].cause, "buy-" + std::to_string(raised + 20));
  EXPECT_FALSE(shop.record.churn.raised);
  EXPECT_EQ(shop.record.churn.since, raised + 20);
}

TEST(Churn, BetweenTheTwoThresholdsNothingChanges) {
  // Given a risk raised at 90 % that is cleared at 10 % only.
  Shop shop = regular_buyer();
  shop.parameters.clear_bp = 1000;
  const Day raised = shop.record.churn.due;
  // When she buys again, so that the score falls below 90 %, not below 10 %.
  shop.buy(raised + 20);
  EXPECT_LT(shop.record.churn_bp, 9000);
  // Then the risk stays raised.
  EXPECT_EQ(shop.types(), std::vector{NoticeType::churn_raised});
  EXPECT_TRUE(shop.record.churn.raised);
}

TEST(Churn, ClearIsHeldBackByTheDwellAndFallsDueAtItsEnd) {
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  shop.buy(raised + 1);
  EXPECT_EQ(shop.types(), std::vector{NoticeType::churn_raised});
  EXPECT_EQ(shop.record.churn.due, raised + 7);
  shop.tick(raised + 7);
  ASSERT_EQ(shop.types(), (std::vector{NoticeType::churn_raised, NoticeType::churn_cleared}));
  EXPECT_EQ(shop.notices[1].cause, "timer/churn/" + to_iso_date(raised + 7));
}

TEST(Churn, LateEventTakesBackANoticeThatTheClockBrought) {
  // Given a risk announced because the clock ran ahead of a quiet member.
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  shop.tick(raised + 5);
  ASSERT_EQ(shop.types(), std::vector{NoticeType::churn_raised});
  // When a purchase of before that day arrives late.
  shop.buy(raised - 10);
  // Then the notice is taken back by that event, and the risk is due later.
  ASSERT_EQ(shop.types(), (std::vector{NoticeType::churn_raised, NoticeType::churn_cleared}));
  EXPECT_TRUE(is_correction(shop.notices[1]));
  EXPECT_EQ(shop.notices[1].cause, "buy-" + std::to_string(raised - 10));
  EXPECT_FALSE(shop.record.churn.raised);
  EXPECT_GT(shop.record.churn.due, raised);
}

TEST(Churn, ALateEventThatIsNoPurchaseChangesNothing) {
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  shop.tick(raised);
  const member::ChurnState churn = shop.record.churn;
  shop.view(raised - 3);
  shop.view(raised - 2);
  shop.tick(raised);
  EXPECT_EQ(shop.types(), std::vector{NoticeType::churn_raised});
  EXPECT_EQ(shop.record.churn, churn);
}

TEST(Churn, ALatePurchaseOfADayAlreadyBoughtOnChangesNothing) {
  Shop shop = regular_buyer();
  shop.tick(shop.record.churn.due);
  const Record before = shop.record;
  shop.buy(day_0 + 14);
  EXPECT_EQ(shop.types(), std::vector{NoticeType::churn_raised});
  EXPECT_EQ(shop.record.churn, before.churn);
}

TEST(Churn, ACorrectionNamesTheNoticeThatHoldsNoMore) {
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  shop.tick(raised + 5);
  shop.buy(raised - 10);
  ASSERT_EQ(shop.notices.size(), 2U);
  char id[33];
  std::snprintf(id, sizeof id, "%016lx%016lx", shop.ids[0].high, shop.ids[0].low);
  EXPECT_EQ(shop.corrects, (std::vector<std::string>{"", id}));
}

TEST(Churn, ALatePurchaseAfterTheNoticeClearsAndCorrectsNothing) {
  // Given a risk raised, and a view later than what follows.
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  shop.view(raised + 40);
  // When a purchase of between the two arrives, what was said of its day still holds.
  shop.buy(raised + 30);
  ASSERT_EQ(shop.types(), (std::vector{NoticeType::churn_raised, NoticeType::churn_cleared}));
  EXPECT_TRUE(is_correction(shop.notices[1]));
  EXPECT_EQ(shop.corrects.back(), "");
}

TEST(Churn, ClearedStatesTheScoreOfThatDayBeforeTheEvent) {
  Shop shop = regular_buyer();
  const Day raised = shop.record.churn.due;
  const Record before = shop.record;
  shop.buy(raised + 20);
  EXPECT_EQ(std::get<std::int64_t>(shop.notices[1].before),
            churn_on(before, raised + 20, shop.parameters));
  EXPECT_GT(std::get<std::int64_t>(shop.notices[1].before), shop.parameters.raise_bp);

  // And where the clock clears it, that of the day before.
  Shop held = regular_buyer();
  held.buy(raised + 1);
  held.tick(raised + 7);
  EXPECT_EQ(std::get<std::int64_t>(held.notices[1].before),
            churn_on(held.record, raised + 6, held.parameters));
}

TEST(Churn, StateFollowsFromThePurchaseDaysHoweverTheyArrive) {
  for (std::uint32_t seed = 1; seed < 400; ++seed) {
    std::uint32_t state = seed * 2654435761U;
    const auto next = [&state](std::uint32_t bound) {
      state = state * 1664525U + 1013904223U;
      return (state >> 8U) % bound;
    };
    ChurnParameters p = seed % 2 == 0 ? patient() : ChurnParameters{};
    p.dwell_days = static_cast<std::int32_t>(seed % 40);
    if (seed % 3 == 0) p.clear_bp = p.raise_bp - 100;
    std::vector<ChurnGeneration> later;
    Day from = day_0;
    for (std::uint32_t i = next(4); i > 0; --i) {
      ChurnParameters other = p;
      other.enabled = next(4) != 0;
      other.raise_bp = 5000 + static_cast<std::int32_t>(next(5000));
      other.clear_bp = static_cast<std::int32_t>(next(5000));
      other.horizon_days = 30 + static_cast<std::int32_t>(next(100));
      from += 1 + static_cast<Day>(next(300));
      later.push_back({.from = from, .version = 4 + i, .parameters = other});
    }
    std::vector<Day> days;
    Day day = day_0;
    for (std::uint32_t i = 2 + next(30); i > 0; --i) {
      day += 1 + static_cast<Day>(next(i % 5 == 0 ? 900 : 40));
      days.push_back(day);
    }
    Shop in_order{.parameters = p, .later = later};
    for (const Day one : days) in_order.buy(one);
    Shop shuffled{.parameters = p, .later = later};
    for (std::size_t i = days.size(); i > 1; --i) {
      std::swap(days[i - 1], days[next(static_cast<std::uint32_t>(i))]);
    }
    for (const Day one : days) {
      shuffled.buy(one);
      if (next(3) == 0) shuffled.tick(shuffled.record.last_day + static_cast<Day>(next(60)));
    }
    ASSERT_EQ(shuffled.record.purchase_days, in_order.record.purchase_days);
    ASSERT_EQ(shuffled.record.churn_bp, in_order.record.churn_bp);
    for (Day asked = day_0; asked < day + 1500; asked += 1 + static_cast<Day>(next(20))) {
      const auto a = churn_state_on(in_order.record, asked, in_order.series());
      const auto b = churn_state_on(shuffled.record, asked, in_order.series());
      ASSERT_EQ(a.raised, b.raised) << "seed " << seed << ", day " << asked - day_0;
      ASSERT_EQ(a.since, b.since) << "seed " << seed << ", day " << asked - day_0;
    }
  }
}

TEST(Churn, StateDoesNotDependOnTheClock) {
  // Given the same events with a clock that runs ahead, lags or never ticks.
  const std::vector<Day> days{0, 14, 15, 30, 31, 200, 203, 204, 500, 501, 502, 520, 1200, 1201};
  const auto run = [&](Day ahead) {
    Shop shop{.parameters = patient()};
    shop.parameters.dwell_days = 20;
    for (std::size_t i = 0; i < days.size(); ++i) {
      shop.event(day_0 + days[i], i % 3 != 2);
      if (ahead > 0) shop.tick(day_0 + days[i] + ahead);
    }
    shop.view(day_0 + 1202);
    return shop.record;
  };
  Shop rules{.parameters = patient()};
  rules.parameters.dwell_days = 20;
  const ChurnSeries dwelling = rules.series();
  const Record without = run(0);
  for (const Day ahead : {1, 10, 100, 1000, 5000}) {
    const Record with = run(ahead);
    for (Day day = day_0; day < day_0 + 7000; day += 5) {
      const auto a = churn_state_on(without, day, dwelling);
      const auto b = churn_state_on(with, day, dwelling);
      ASSERT_EQ(a.raised, b.raised) << ahead << ' ' << day - day_0;
      ASSERT_EQ(a.since, b.since) << ahead << ' ' << day - day_0;
    }
  }
}

TEST(Churn, StateShownIsWhatTheClockWouldAnnounce) {
  Shop shop = regular_buyer();
  for (const Day ahead : {1, 50, 100, 300, 1000}) {
    Shop ticked = shop;
    ticked.tick(day_0 + 56 + ahead);
    EXPECT_EQ(churn_state_on(shop.record, day_0 + 56 + ahead, shop.series()), ticked.record.churn);
  }
}

TEST(Churn, SeveralEventsOfOneDayGiveWhatTheLastOneAloneWould) {
  Shop views_first = regular_buyer(), buys_first = regular_buyer();
  const Day day = day_0 + 80;
  views_first.view(day);
  views_first.view(day);
  views_first.buy(day);
  buys_first.buy(day);
  buys_first.view(day);
  buys_first.buy(day);
  EXPECT_EQ(views_first.record, buys_first.record);
  EXPECT_EQ(views_first.record.churn_bp, churn_on(views_first.record, day, patient()));
}

TEST(Churn, NoticesAlternateWhateverTheHistory) {
  std::size_t notices = 0;
  for (std::uint32_t seed = 1; seed < 300; ++seed) {
    Shop shop{.parameters = patient()};
    shop.parameters.dwell_days = static_cast<std::int32_t>(seed % 30);
    std::uint32_t state = seed * 2654435761U;
    const auto next = [&state](std::uint32_t bound) {
      state = state * 1664525U + 1013904223U;
      return (state >> 8U) % bound;
    };
    Day clock = day_0;
    for (int i = 0; i < 60; ++i) {
      clock += static_cast<Day>(next(next(6) == 0 ? 1500 : 80));
      const Day late = next(4) == 0 ? static_cast<Day>(next(40)) : 0;
      shop.event(clock - late, next(3) != 0);
      if (next(2) == 0) shop.tick(clock);
      if (!shop.record.purchase_days.empty()) {
        ASSERT_EQ(shop.record.churn_bp,
                  churn_on(shop.record, shop.record.purchase_days.back(), shop.parameters));
      }
      ASSERT_GT(shop.record.churn.due, shop.record.churn.since);
    }
    for (std::size_t i = 0; i < shop.notices.size(); ++i) {
      ASSERT_EQ(shop.notices[i].type,
                i % 2 == 0 ? NoticeType::churn_raised : NoticeType::churn_cleared);
    }
    notices += shop.notices.size();
  }
  EXPECT_GT(notices, 1000U);
}

TEST(Churn, ARiskIsJudgedByTheParametersOfItsDay) {
  // Given a regular buyer, and from day 30 of silence on a lower threshold.
  Shop shop = regular_buyer();
  const Day from = day_0 + 56 + 30;
  ChurnParameters stricter = patient();
  stricter.raise_bp = churn_on(shop.record, from, stricter) - 10;
  stricter.clear_bp = stricter.raise_bp - 1;
  shop.later = {{.from = from, .version = 4, .parameters = stricter}};
  ASSERT_GT(shop.record.churn.due, from);
  shop.tick(from - 1);
  EXPECT_TRUE(shop.notices.empty());
  // Then the risk is raised on the day on which that comes into force.
  shop.tick(from);
  ASSERT_EQ(shop.types(), std::vector{NoticeType::churn_raised});
  EXPECT_EQ(shop.notices[0].rule_version, 4U);
  EXPECT_EQ(detail(shop.notices[0], "threshold_bp"), stricter.raise_bp);

  // And where it is no longer asked for, nobody is at risk, and nothing is said.
  Shop off = regular_buyer();
  const Day raised = off.record.churn.due;
  off.later = {{.from = raised + 10, .version = 4, .parameters = {.enabled = false}}};
  off.tick(raised + 9);
  EXPECT_TRUE(off.record.churn.raised);
  off.tick(raised + 500);
  EXPECT_EQ(off.types(), std::vector{NoticeType::churn_raised});
  EXPECT_EQ(off.record.churn, member::ChurnState{});
}

TEST(Churn, DisabledScoringChangesNothing) {
  Shop shop{.parameters = {.enabled = false}};
  shop.buy(day_0);
  shop.tick(day_0 + 5000);
  EXPECT_TRUE(shop.notices.empty());
  EXPECT_EQ(shop.record.churn_bp, 0);
  EXPECT_EQ(shop.record.churn, member::ChurnState{});
}

}  // namespace
}  // namespace fealty::insight
