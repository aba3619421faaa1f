#include <algorithm>

#include "fealty/base/check.hpp"
#include "traffic.hpp"

namespace fealty::generator {
namespace {

constexpr std::int64_t second_ms = 1000, minute_ms = 60 * second_ms, hour_ms = 60 * minute_ms,
                       day_ms = 24 * hour_ms, week_ms = 7 * day_ms;
constexpr double joining_share = 0.25;   // of the time span: members join during its first quarter
constexpr double shop_end = 0.3;         // a shopping session ends with this chance at each step
constexpr double browse_end = 0.25;      // likewise one without a purchase
constexpr std::uint32_t steps_max = 12;  // of a session
constexpr double login_share = 0.3;      // of sessions
constexpr double click_share = 0.25;     // of the steps of a session, the others are views
constexpr double review_share = 0.12;    // of purchases
constexpr double redeem_share = 0.12;    // of purchases
constexpr double hasty_share = 0.05;     // of refunds: asked for within minutes
constexpr std::uint32_t number_max = (1U << 24U) - 1;

/// Mean of geometric(p, steps_max): the sum of the chances to get past each step.
double mean_steps(double p) {
  double mean = 0, past = 1;
  for (std::uint32_t i = 0; i < steps_max; ++i) mean += past *= 1 - p;
  return mean;
}

class TrafficByRates final : public Traffic {
 public:
  TrafficByRates(const ShopOptions& options, const Catalogue& catalogue)
      : options_{options},
        catalogue_{catalogue},
        start_ms_{options.start.time_since_epoch().count()},
        calendar_{start_ms_, options.days * day_ms},
        members_(options.members) {
    std::uint64_t purchases = 0;
    for (std::uint64_t i = 0; i < options.members; ++i) purchases += settle(i);
    plan_browsing(static_cast<double>(purchases));
  }

  bool next(Draft& draft) override {
    while (!calendar_.empty()) {
      const Due due = calendar_.pop();
      if (act(due, draft)) return true;
    }
    return false;
  }

 private:
  struct Member {
    float purchases_per_week, dropout, spend_rate;
    std::uint32_t points = 0;  // about what a program of one point a dollar has given
  };

  /// Draws member `i`, puts the joining into the calendar; the number of purchases within the span.
  std::uint64_t settle(std::uint64_t i) {
    const MemberTruth truth = draw_truth(options_, i);
    members_[i] = {static_cast<float>(truth.purchases_per_week), static_cast<float>(truth.dropout),
                   static_cast<float>(options_.spend_p / truth.spend_mean)};
    const std::int64_t joined = truth.joined.time_since_epoch().count();
    put({joined, static_cast<std::uint32_t>(i), Due::join});
    const std::int64_t end = start_ms_ + options_.days * day_ms;
    std::int64_t time = joined;
    std::uint32_t number = 0;
    while (time < end && number < number_max) {
      ++number;
      if (leaves_after(static_cast<std::uint32_t>(i), number - 1)) break;
      const std::int64_t gap = gap_ms(static_cast<std::uint32_t>(i), number - 1);
      if (gap > end - time) break;
      time += gap;
    }
    return number;
  }

  /// Sets the rate of sessions without a purchase such that about options.events come out.
  void plan_browsing(double purchases) {
    const double lines = static_cast<double>(options_.events);
    const double wanted = lines / (1 + options_.duplicate_share + options_.malformed_share);
    const double by_purchase =
        1 + mean_steps(shop_end) + options_.refund_share + review_share + redeem_share;
    const double members = static_cast<double>(options_.members);
    const double sessions =
        (wanted - members - purchases * by_purchase) / (1 + mean_steps(browse_end));
    const double weeks = options_.days / 7.0 * (1 - joining_share / 2);
    browse_per_week_ = std::max(sessions, 0.0) / members / weeks;
  }

  void put(const Due& due) {
    if (due.time_ms < event_time_ms_end - day_ms) calendar_.put(due);
  }
  [[nodiscard]] Random random(Purpose purpose, const Due& due) const {
    return {options_.seed, purpose, due.rank(), static_cast<std::uint64_t>(due.kind)};
  }

  /// BG/NBD: nobody leaves after the first purchase.
  [[nodiscard]] bool leaves_after(std::uint32_t member, std::uint32_t number) const {
    Random chance{options_.seed, Purpose::dropout, member, number};
    return number > 0 && chance.chance(members_[member].dropout);
  }
  [[nodiscard]] std::int64_t gap_ms(std::uint32_t member, std::uint32_t number) const {
    const double rate = members_[member].purchases_per_week;
    const double weeks =
        Random{options_.seed, Purpose::gap, member, number}.exponential() / std::max(rate, 1e-9);
    return static_cast<std::int64_t>(std::min(weeks, 1e5) * week_ms);
  }
  [[nodiscard]] Order order_of(std::uint32_t member, std::uint32_t number) const {
    const std::uint64_t key = mix(mix(options_.seed, member), number);
    return make_order(options_.seed, key, options_.spend_p, members_[member].spend_rate,
                      catalogue_);
  }

  /// Does what is due; true where `draft` now holds an event.
  bool act(const Due& due, Draft& draft) {
    draft.time = EventTime{std::chrono::milliseconds{due.time_ms}};
    draft.member = due.member;
    draft.key = mix(due.rank(), static_cast<std::uint64_t>(due.time_ms));
    switch (due.kind) {
      case Due::join:
        return join(due, draft);
      case Due::shop:
        return shop(due, draft);
      case Due::browse:
        return browse(due, draft);
      case Due::refund:
        draft.kind = Kind::refund;
        draft.order = order_of(due.member, due.number);
        forget(due.member, draft.order.total_minor() / 100);
        return true;
      case Due::review:
        draft.kind = Kind::review;
        draft.order = order_of(due.member, due.number);
        return true;
      default:
        return redeem(due, draft);
    }
  }

  bool join(const Due& due, Draft& draft) {
    draft.kind = Kind::enrol;
    put({due.time_ms + 10 * second_ms, due.member, Due::shop});
    next_browsing(due, 0);
    return true;
  }

  /// A step of a session: views, clicks and logins.
  void step(const Due& due, Random& random, Draft& draft) {
    draft.kind = due.step == 0 && random.chance(login_share) ? Kind::login
                 : random.chance(click_share)                ? Kind::click
                                                             : Kind::view;
    Due next = due;
    next.step = (due.step + 1U) & 31U;
    next.time_ms += 5 * second_ms + random.below(90'000);
    put(next);
  }

  bool shop(const Due& due, Draft& draft) {
    Random session{options_.seed, Purpose::session, due.member, due.number};
    const std::uint32_t steps = session.geometric(shop_end, steps_max);
    Random here = random(Purpose::step, due);
    if (due.step < steps) {
      step(due, here, draft);
      return true;
    }
    draft.kind = Kind::purchase;
    draft.order = order_of(due.member, due.number);
    members_[due.member].points += static_cast<std::uint32_t>(draft.order.subtotal_minor / 100);
    follow_up(due);
    if (leaves_after(due.member, due.number) || due.number == number_max) return true;
    put({due.time_ms + gap_ms(due.member, due.number), due.member, Due::shop, 0,
         (due.number + 1U) & number_max});
    return true;
  }

  /// What a purchase may bring about later.
  void follow_up(const Due& due) {
    Random random = this->random(Purpose::follow_up, due);
    if (random.chance(options_.refund_share)) {
      const bool hasty = random.chance(hasty_share);
      const double delay = hasty ? 10.0 * minute_ms : (0.1 + 20 * random.uniform()) * day_ms;
      put({due.time_ms + static_cast<std::int64_t>(delay), due.member, Due::refund, 0, due.number});
    }
    if (random.chance(review_share)) {
      const double delay = (2 + 12 * random.uniform()) * day_ms;
      put({due.time_ms + static_cast<std::int64_t>(delay), due.member, Due::review, 0, due.number});
    }
    if (random.chance(redeem_share)) {
      const double delay = (0.5 + 9 * random.uniform()) * day_ms;
      put({due.time_ms + static_cast<std::int64_t>(delay), due.member, Due::redeem, 0, due.number});
    }
  }

  bool browse(const Due& due, Draft& draft) {
    Random session = Random{options_.seed, Purpose::session, due.member, due.number | 1ULL << 32U};
    const std::uint32_t steps = session.geometric(browse_end, steps_max);
    Random here = random(Purpose::step, due);
    if (due.step < steps) {
      step(due, here, draft);
      return true;
    }
    draft.kind = here.chance(click_share) ? Kind::click : Kind::view;
    next_browsing(due, (due.number + 1U) & number_max);
    return true;
  }

  void next_browsing(const Due& after, std::uint32_t number) {
    Random weight{options_.seed, Purpose::weight, after.member};
    const double rate = browse_per_week_ * (0.5 + weight.uniform());
    if (rate <= 0) return;
    Random gap{options_.seed, Purpose::gap, after.member, number | 1ULL << 32U};
    const double weeks = std::min(gap.exponential() / rate, 1e5);
    put({after.time_ms + minute_ms + static_cast<std::int64_t>(weeks * week_ms), after.member,
         Due::browse, 0, number & number_max});
  }

  bool redeem(const Due& due, Draft& draft) {
    draft.kind = Kind::redemption;
    draft.points = members_[due.member].points / 2;
    if (draft.points < 5) return false;
    forget(due.member, draft.points);
    return true;
  }
  void forget(std::uint32_t member, std::int64_t points) {
    std::uint32_t& held = members_[member].points;
    held = points < held ? held - static_cast<std::uint32_t>(points) : 0;
  }

  ShopOptions options_;
  const Catalogue& catalogue_;
  std::int64_t start_ms_;
  Calendar calendar_;
  std::vector<Member> members_;
  double browse_per_week_ = 0;
};

}  // namespace

MemberTruth draw_truth(const ShopOptions& options, std::uint64_t member) {
  Random random{options.seed, Purpose::member, member};
  MemberTruth truth;
  truth.purchases_per_week = random.gamma(options.r) / options.alpha;
  truth.dropout = random.beta(options.a, options.b);
  const double spend_rate = random.gamma(options.spend_q) / options.spend_v;
  truth.spend_mean = options.spend_p / std::max(spend_rate, 1e-6);
  const double share = Random{options.seed, Purpose::joined, member}.uniform() * joining_share;
  truth.joined = options.start + std::chrono::milliseconds{static_cast<std::int64_t>(
                                     share * options.days * static_cast<double>(day_ms))};
  return truth;
}

std::unique_ptr<Traffic> make_traffic_by_rates(const ShopOptions& options,
                                               const Catalogue& catalogue) {
  return std::make_unique<TrafficByRates>(options, catalogue);
}

}  // namespace fealty::generator
