#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <map>

#include "unit/program/fixture.hpp"

/// The level of a day follows from the dated amounts and the days: held against a walk over every
/// single day, whatever the order of arrival, and whatever was told, kept or folded on the way.
namespace fealty::program::testing {
namespace {

using rc::gen::inRange;

int below(int end) { return *inRange(0, end); }

/// Levels of drawn names: some are in several generations, some come and go.
std::vector<Level> any_levels() {
  std::vector<Level> levels{{"a", 0, {1, 1}}};
  std::vector<std::string> names{"b", "c", "d", "e", "f"};
  std::int64_t from = 0;
  for (int i = *inRange(1, 5); i > 0; --i) {
    from += *inRange(1, 120'00);
    const auto at = names.begin() + below(static_cast<int>(names.size()));
    levels.push_back({*at, from, {1, 1}});
    names.erase(at);
  }
  return levels;
}

/// One to four generations; those after the first come into force within `days` from `first` on.
std::vector<Program> any_generations(Day first, Day days) {
  Program program = shop();
  program.metric = Metric::money;
  program.period = static_cast<Period>(below(3));
  program.rolling_days = *rc::gen::element(1, 7, 30, 90, 365, 700);
  std::vector<Program> out;
  for (int i = *rc::gen::element(1, 1, 2, 3, 4); i > 0; --i) {
    program.levels = any_levels();
    program.grace_days = *rc::gen::element(0, 0, 1, 5, 30, 400);
    program.downgrade = static_cast<Downgrade>(below(3));
    program.refund_levels = static_cast<RefundLevels>(below(2));
    if (!out.empty()) {
      program.version += 1;
      program.valid_from = first += 1 + below(days / 3);
    }
    out.push_back(program);
  }
  return out;
}

/// One order: its day, its total, and what is given back of it on which days.
struct Order {
  std::string id;
  Day day = 0;
  std::int64_t total = 0;
  std::vector<std::pair<Day, std::int64_t>> refunds;
};
std::vector<Order> any_orders(Day first, Day days) {
  std::vector<Order> orders;
  for (int i = *inRange(1, 8); i > 0; --i) {
    Order order{"o" + std::to_string(i), first + below(days), *inRange(1, 150'00), {}};
    std::int64_t left = order.total;
    for (int k = below(3); k > 0 && left > 0; --k) {
      const std::int64_t back = below(3) == 0 ? left : *inRange<std::int64_t>(1, left + 1);
      order.refunds.emplace_back(std::clamp(order.day - 3 + below(60), 0, first + days), back);
      left -= back;
    }
    orders.push_back(order);
  }
  return orders;
}

/// The rules of config/programs/README.md, section 4.2, day by day and by nothing but sums.
class EveryDay {
 public:
  EveryDay(const std::vector<Order>& orders, const std::vector<Program>& generations)
      : generations_{generations} {
    for (const Order& order : orders) {
      amounts_[{order.day, order.day}] += order.total;
      for (const auto& [day, back] : order.refunds) {
        amounts_[{order.day, std::max(day, order.day)}] -= back;
      }
    }
  }
  /// (level, since) at the end of `day`.
  std::pair<int, Day> on(Day day) {
    for (; next_ <= day; ++next_) {
      bool adopted = false;
      while (now_ + 1 < generations_.size() && generations_[now_ + 1].valid_from <= next_) {
        adopt(next_);
        adopted = true;
      }
      rise_or_hold(next_, next_ - 1, adopted);
      rise_or_hold(next_, next_, true);
    }
    return {level_, since_};
  }

 private:
  /// Of the window of `day`, what counts from `by` or earlier.
  std::int64_t standing(Day day, Day by, bool held) const {
    std::int64_t all = 0, this_year = 0, last_year = 0;
    for (const auto& [dates, amount] : amounts_) {
      const auto [of, from] = dates;
      if (from > by) continue;
      const std::int64_t counted =
          held && program().refund_levels == RefundLevels::hold_to_period_end && amount < 0
              ? 0
              : amount;
      if (program().period == Period::rolling_days && of <= day - program().rolling_days) continue;
      all += counted;
      if (year_of(of) == year_of(day)) this_year += counted;
      if (year_of(of) == year_of(day) - 1) last_year += counted;
    }
    return program().period == Period::calendar_year ? std::max(this_year, last_year) : all;
  }
  int level_of(std::int64_t metric) const {
    int level = 0;
    while (level + 1U < program().levels.size() &&
           metric >= program().levels[static_cast<std::size_t>(level) + 1].from) {
      ++level;
    }
    return level;
  }
  [[nodiscard]] std::int64_t threshold() const {
    return program().levels[static_cast<std::size_t>(level_)].from;
  }
  void hold_or_fall(Day day, Day by) {
    if (level_ == 0 || program().downgrade == Downgrade::none) return;
    if (standing(day, by, true) >= threshold()) {
      falls_ = no_day;
      return;
    }
    if (falls_ == no_day) falls_ = day + program().grace_days;
    if (falls_ > day) return;
    level_ = program().downgrade == Downgrade::one_step ? level_ - 1
                                                        : level_of(standing(day, by, false));
    since_ = day;
    falls_ = no_day;
    if (standing(day, by, true) >= threshold()) return;
    falls_ = program().period == Period::calendar_year
                 ? first_day_of(year_of(day) + 1) + program().grace_days
                 : day + std::max(program().grace_days, 1);
  }

  void rise_or_hold(Day day, Day by, bool may_rise) {
    const int qualified = level_of(standing(day, by, false));
    if (!may_rise || qualified <= level_) return hold_or_fall(day, by);
    level_ = qualified;
    since_ = day;
    falls_ = no_day;
  }
  void adopt(Day day) {
    const std::string name = program().levels[static_cast<std::size_t>(level_)].name;
    ++now_;
    if (level_ == 0) return;
    for (std::size_t i = 0; i < program().levels.size(); ++i) {
      if (program().levels[i].name != name) continue;
      level_ = static_cast<int>(i);
      return;
    }
    level_ = level_of(standing(day, day - 1, false));
    since_ = day;
    falls_ = no_day;
  }
  [[nodiscard]] const Program& program() const { return generations_[now_]; }

  const std::vector<Program>& generations_;
  std::size_t now_ = 0;
  std::map<std::pair<Day, Day>, std::int64_t> amounts_;
  int level_ = 0;
  Day since_ = 0, falls_ = no_day, next_ = 0;
};

/// Tells one step of what happened.
using Step = std::function<void(Desk&)>;
std::vector<std::pair<Day, Step>> steps_of(const std::vector<Order>& orders) {
  std::vector<std::pair<Day, Step>> steps;
  for (const Order& order : orders) {
    steps.emplace_back(order.day,
                       [order](Desk& desk) { desk.buy(order.id, order.day, order.total); });
    for (const auto& refund : order.refunds) {
      steps.emplace_back(refund.first, [order, refund](Desk& desk) {
        desk.refund(order.id, refund.first, refund.second);
      });
    }
  }
  return steps;
}

TEST(LevelProperty, IsWhatAWalkOverEveryDayGivesInWhateverOrderEventsArrive) {
  const bool ok = rc::check([] {
    const Day first = *rc::gen::element(0, 5, 300, 364);
    const auto generations = any_generations(first, 500);
    const auto orders = any_orders(first, 390);
    auto steps = steps_of(orders);
    // Given them in any order, with a clock that runs ahead between, and late logins.
    for (std::size_t i = steps.size(); i > 1; --i) {
      std::swap(steps[i - 1], steps[static_cast<std::size_t>(below(static_cast<int>(i)))]);
    }
    Desk desk{generations};
    for (const auto& [day, step] : steps) {
      step(desk);
      if (below(3) == 0) desk.tick(desk.record.last_day + below(60));
      if (below(4) == 0)
        desk.touch(desk.record.last_day - std::min(below(200), desk.record.last_day));
      RC_ASSERT(desk.record.level == level_on(desk.record, desk.record.through, desk.series));
    }
    // Then each day's level is that of the walk.
    EveryDay walk{orders, generations};
    Day end = 0;
    for (const auto& [day, step] : steps) end = std::max(end, day);
    for (Day day = std::max(0, end - 399); day < end + 900; ++day) {
      const member::LevelState level = level_on(desk.record, day, desk.series);
      RC_ASSERT((std::pair<int, Day>{level.level, level.since}) == walk.on(day));
    }
  });
  EXPECT_TRUE(ok);
}

TEST(LevelProperty, AYearLongHistoryInOrderEndsLikeTheWalkOverEveryDay) {
  // Given years of events in their order, so that much of it is folded away.
  const bool ok = rc::check([] {
    const auto generations = any_generations(0, 2000);
    std::vector<Order> all;
    Desk desk{generations};
    Day first = 0;
    for (int year = *inRange(2, 7); year > 0; --year) {
      auto orders = any_orders(first, 350);
      for (Order& order : orders) order.id += "-" + std::to_string(year);
      auto steps = steps_of(orders);
      std::stable_sort(steps.begin(), steps.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (const auto& [day, step] : steps) {
        step(desk);
        if (below(5) == 0) desk.tick(day + below(30));
      }
      all.insert(all.end(), orders.begin(), orders.end());
      first += *rc::gen::element(360, 400, 900);
    }
    EveryDay walk{all, generations};
    for (Day day = 0; day < desk.record.last_day - 399; ++day) walk.on(day);
    for (Day day = std::max(0, desk.record.last_day - 399); day < desk.record.last_day + 900;
         ++day) {
      const member::LevelState level = level_on(desk.record, day, desk.series);
      RC_ASSERT((std::pair<int, Day>{level.level, level.since}) == walk.on(day));
    }
  });
  EXPECT_TRUE(ok);
}

TEST(LevelProperty, NoticesTellOneStoryThatEndsAtTheLevelThatHolds) {
  const bool ok = rc::check([] {
    const auto generations = any_generations(0, 400);
    auto steps = steps_of(any_orders(0, 390));
    for (std::size_t i = steps.size(); i > 1; --i) {
      std::swap(steps[i - 1], steps[static_cast<std::size_t>(below(static_cast<int>(i)))]);
    }
    Desk desk{generations};
    std::string told = "a", last_id;
    const auto listen = [&] {
      for (const auto& notice : desk.effects.notices) {
        if (notice.type < member::NoticeType::tier_upgraded ||
            notice.type > member::NoticeType::tier_corrected) {
          continue;
        }
        RC_ASSERT(std::get<std::string_view>(notice.before) == told);
        told = std::get<std::string_view>(notice.after);
        const std::string corrected = Desk::detail(notice, "corrects");
        RC_ASSERT(corrected.empty() || corrected == last_id);
        last_id = desk.notice_id(notice);
      }
      RC_ASSERT(told == desk.series.on(desk.record.through).levels[desk.record.level.level].name);
    };
    for (const auto& [day, step] : steps) {
      step(desk);
      listen();
      if (below(3) == 0) {
        desk.tick(desk.record.last_day + below(60));
        listen();
      }
    }
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace fealty::program::testing
