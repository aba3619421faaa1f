#include <algorithm>
#include <array>
#include <optional>

#include "traffic.hpp"

namespace fealty::generator {
namespace {

class DrawnTraffic final : public Traffic {
 public:
  DrawnTraffic(const ShopOptions& options, const Catalogue& catalogue)
      : options_{options}, catalogue_{catalogue} {
    const auto members = static_cast<std::uint32_t>(options.members);
    if (options.skew == MemberSkew::zipf) by_rank_.emplace(members);
    // Spreads the frequent members over all ids: a bijection of 0..members-1.
    while (common_divisor(stride_, options.members) != 1) ++stride_;
    const double span_ms = static_cast<double>(options.days) * 86'400'000.0;
    step_ms_ = span_ms / static_cast<double>(options.events);
    refunds_ = static_cast<std::uint32_t>(120 * options.refund_share + 0.5);
  }

  bool next(Draft& draft) override {
    Random random{options_.seed, Purpose::content, at_};
    const double offset_ms = step_ms_ * static_cast<double>(at_);
    draft.time = options_.start + std::chrono::milliseconds{static_cast<std::int64_t>(offset_ms)};
    draft.key = random.bits();
    draft.kind = kind(random);
    const bool follows =
        draft.kind == Kind::refund || draft.kind == Kind::review || draft.kind == Kind::redemption;
    if (follows && recent_count_ > 0) {
      follow(random, draft);
    } else {
      if (follows) draft.kind = Kind::view;
      draft.member = member(random);
      if (draft.kind == Kind::purchase) buy(draft);
    }
    ++at_;
    return draft.time.time_since_epoch().count() < event_time_ms_end;
  }

 private:
  static constexpr std::uint32_t recent_max = 4096;
  struct Recent {
    std::uint64_t member, key;
  };

  static std::uint64_t common_divisor(std::uint64_t x, std::uint64_t y) {
    while (y != 0) {
      const std::uint64_t rest = x % y;
      x = y;
      y = rest;
    }
    return x;
  }
  /// Of 1000 events, 120 are purchases. Refunds, reviews and redemptions concern a recent order.
  [[nodiscard]] Kind kind(Random& random) const {
    const std::uint32_t n = random.below(1000);
    if (n < refunds_) return Kind::refund;
    if (n < 540) return Kind::view;
    if (n < 760) return Kind::click;
    if (n < 880) return Kind::purchase;
    if (n < 940) return Kind::login;
    if (n < 960) return Kind::review;
    if (n < 970) return Kind::redemption;
    if (n < 980) return Kind::enrol;
    return Kind::view;
  }
  std::uint64_t member(Random& random) {
    const std::uint64_t rank = by_rank_
                                   ? by_rank_->draw(random)
                                   : random.below(static_cast<std::uint32_t>(options_.members));
    return (rank * stride_ + 17) % options_.members;
  }
  [[nodiscard]] Order order_of(const Recent& recent) const {
    const MemberTruth truth = draw_truth(options_, recent.member);
    return make_order(options_.seed, recent.key, options_.spend_p,
                      options_.spend_p / truth.spend_mean, catalogue_);
  }
  void buy(Draft& draft) {
    const Recent recent{draft.member, mix(options_.seed, draft.key)};
    draft.order = order_of(recent);
    recent_[recent_next_++ % recent_max] = recent;
    recent_count_ = std::min(recent_count_ + 1, recent_max);
  }
  void follow(Random& random, Draft& draft) {
    const Recent& recent = recent_[random.below(recent_count_)];
    draft.member = recent.member;
    draft.order = order_of(recent);
    draft.points = std::max<std::int64_t>(draft.order.subtotal_minor / 1000, 1);
  }

  ShopOptions options_;
  const Catalogue& catalogue_;
  std::optional<ZipfTable> by_rank_;
  std::uint64_t stride_ = 2'654'435'761;
  double step_ms_ = 0;
  std::uint32_t refunds_ = 0;
  std::uint64_t at_ = 0;
  std::array<Recent, recent_max> recent_{};
  std::uint32_t recent_next_ = 0, recent_count_ = 0;
};

}  // namespace

std::unique_ptr<Traffic> make_drawn_traffic(const ShopOptions& options,
                                            const Catalogue& catalogue) {
  return std::make_unique<DrawnTraffic>(options, catalogue);
}

}  // namespace fealty::generator
