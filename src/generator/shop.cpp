#include "fealty/generator/shop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "catalogue.hpp"
#include "delivery.hpp"
#include "fealty/base/check.hpp"
#include "renderer.hpp"
#include "traffic.hpp"

namespace fealty::generator {
namespace {

void bound(std::vector<Error>& faults, std::string_view option, double value, double low,
           double high) {
  if (value >= low && value <= high) return;
  faults.push_back({Errc::usage, option, fmt::format("must lie in {}..{}", low, high)});
}

}  // namespace

std::optional<MemberSkew> member_skew_named(std::string_view name) {
  if (name == "0" || name == "rates") return MemberSkew::by_rates;
  if (name == "uniform") return MemberSkew::uniform;
  if (name == "zipf") return MemberSkew::zipf;
  return std::nullopt;
}

std::optional<Format> format_named(std::string_view name) {
  if (name == "cloudevents") return Format::cloudevents;
  if (name == "flat") return Format::flat;
  return std::nullopt;
}

std::vector<Error> ShopOptions::validate() const {
  std::vector<Error> faults;
  bound(faults, "members", static_cast<double>(members), 1, 50e6);
  bound(faults, "events", static_cast<double>(events), 0, 1e12);
  bound(faults, "days", days, 1, 36'500);
  bound(faults, "items", items, 1, 1e6);
  bound(faults, "refund-share", refund_share, 0, 1);
  bound(faults, "duplicate-share", duplicate_share, 0, 1);
  bound(faults, "late-share", late_share, 0, 1);
  bound(faults, "malformed-share", malformed_share, 0, 1);
  bound(faults, "late-hours", late_hours_max, 1, 1000);
  bound(faults, "r", r, 1e-3, 1e6);
  bound(faults, "alpha", alpha, 1e-3, 1e6);
  bound(faults, "a", a, 1e-3, 1e6);
  bound(faults, "b", b, 1e-3, 1e6);
  bound(faults, "spend-p", spend_p, 1e-3, 1e6);
  bound(faults, "spend-q", spend_q, 1e-3, 1e6);
  bound(faults, "spend-v", spend_v, 1e-3, 1e6);
  const std::int64_t start_ms = start.time_since_epoch().count();
  if (start_ms < event_time_ms_min || start_ms >= event_time_ms_end) {
    faults.push_back({Errc::usage, "start", "must lie in 1970..2099"});
  }
  return faults;
}

class Shop::Impl {
 public:
  explicit Impl(const ShopOptions& options)
      : options_{options},
        catalogue_{options.seed, options.items},
        traffic_{options.skew == MemberSkew::by_rates ? make_traffic_by_rates(options_, catalogue_)
                                                      : make_drawn_traffic(options_, catalogue_)},
        renderer_{options_, catalogue_},
        delivery_{options_} {}

  bool next_block(std::string& out, std::size_t events) {
    const std::uint64_t left = options_.events - lines_;
    const std::uint64_t wanted = lines_ + std::min<std::uint64_t>(left, events);
    while (lines_ < wanted && next_line(out, wanted - lines_)) {
    }
    return lines_ < options_.events && !(exhausted_ && delivery_.empty());
  }

  void stamp(EventTime now) { stamp_ = now; }
  [[nodiscard]] const ShopOptions& options() const { return options_; }

 private:
  /// Gives one event, or what has arrived meanwhile; false once nothing more is to come.
  bool next_line(std::string& out, std::uint64_t lines_max) {
    if (!held_ && !exhausted_) {
      held_ = traffic_->next(draft_);
      exhausted_ = !held_;
    }
    const EventTime now = held_ ? draft_.time : EventTime::max();
    if (delivery_.waiting(now)) {
      lines_ += delivery_.arrivals(now, out, lines_max);
      return true;
    }
    if (!held_) return false;
    const EventTime shop_time = draft_.time;
    if (stamp_) draft_.time = *stamp_;
    lines_ += delivery_.send(shop_time, number_, renderer_.render(draft_, number_), out);
    ++number_;
    held_ = false;
    return true;
  }

  ShopOptions options_;
  Catalogue catalogue_;
  std::unique_ptr<Traffic> traffic_;
  Renderer renderer_;
  Delivery delivery_;
  std::optional<EventTime> stamp_;
  Draft draft_;
  bool held_ = false;         // draft_ is an event not yet given out
  bool exhausted_ = false;    // traffic_ has no more
  std::uint64_t lines_ = 0;   // given out
  std::uint64_t number_ = 0;  // of the next event
};

Shop::Shop(const ShopOptions& options) {
  check(options.validate().empty(), "a shop needs valid options");
  impl_ = std::make_unique<Impl>(options);
}
Shop::~Shop() = default;
Shop::Shop(Shop&&) noexcept = default;
Shop& Shop::operator=(Shop&&) noexcept = default;

bool Shop::next_block(std::string& out, std::size_t events) {
  return impl_->next_block(out, events);
}
void Shop::stamp(EventTime now) { impl_->stamp(now); }
MemberTruth Shop::truth(std::uint64_t member) const { return draw_truth(impl_->options(), member); }
std::string Shop::member_id(std::uint64_t member) { return fmt::format("m{:07}", member); }

std::string truth_line(std::uint64_t member, const MemberTruth& truth) {
  return fmt::format(
      "{{\"member\":\"{}\",\"purchases_per_week\":{:.9g},\"dropout\":{:.9g},\"spend_mean\":{:.6g},"
      "\"joined\":\"{}\"}}\n",
      Shop::member_id(member), truth.purchases_per_week, truth.dropout, truth.spend_mean,
      to_rfc3339(truth.joined));
}

}  // namespace fealty::generator
