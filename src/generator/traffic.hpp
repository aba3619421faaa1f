#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "calendar.hpp"
#include "catalogue.hpp"
#include "fealty/generator/shop.hpp"
#include "random.hpp"

namespace fealty::generator {

enum class Kind : std::uint8_t { view, click, purchase, refund, review, redemption, login, enrol };

/// An event before it becomes text. What is not here is drawn from `key` by the renderer.
struct Draft {
  Kind kind{};
  EventTime time;
  std::uint64_t member = 0;
  std::uint64_t key = 0;
  Order order;              // purchase, refund, review
  std::int64_t points = 0;  // redemption
};

/// What happens in the shop, in order of time.
class Traffic {
 public:
  virtual ~Traffic() = default;
  /// False once nothing more happens.
  virtual bool next(Draft& draft) = 0;
};

MemberTruth draw_truth(const ShopOptions& options, std::uint64_t member);
/// Each member at their own rates: sessions that lead to purchases, and what follows from those.
std::unique_ptr<Traffic> make_traffic_by_rates(const ShopOptions& options,
                                               const Catalogue& catalogue);
/// Each event's member drawn independently, uniformly or by Zipf(1).
std::unique_ptr<Traffic> make_drawn_traffic(const ShopOptions& options, const Catalogue& catalogue);

}  // namespace fealty::generator
