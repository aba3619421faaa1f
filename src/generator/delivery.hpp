#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fealty/generator/shop.hpp"
#include "random.hpp"

namespace fealty::generator {

/// What lies between the shop and the log: events that arrive late, twice, or with a damaged copy
/// before them. Lines leave in order of arrival. Memory: what is under way.
class Delivery {
 public:
  explicit Delivery(const ShopOptions& options);

  /// Lines that arrived by `now` go to `out`; at most `lines_max`; returns their number.
  std::size_t arrivals(EventTime now, std::string& out, std::size_t lines_max);
  [[nodiscard]] bool waiting(EventTime now) const {
    return !under_way_.empty() && under_way_.top().at <= now;
  }
  [[nodiscard]] bool empty() const { return under_way_.empty(); }
  /// Takes one event; returns the number of lines that it gave at once: 0 where it is under way,
  /// or 1.
  std::size_t send(EventTime time, std::uint64_t number, std::string_view line, std::string& out);

 private:
  struct Letter {
    EventTime at;
    std::uint64_t order;  // of posting
    std::string line;
    friend bool operator>(const Letter& x, const Letter& y) {
      return x.at != y.at ? x.at > y.at : x.order > y.order;
    }
  };
  void post(EventTime at, std::string line) { under_way_.push({at, posted_++, std::move(line)}); }

  std::uint64_t seed_;
  double malformed_share_, late_share_, duplicate_share_;
  std::uint32_t late_ms_max_;
  std::uint64_t posted_ = 0;
  std::priority_queue<Letter, std::vector<Letter>, std::greater<>> under_way_;
};

/// A copy of `line` that no decoder may take: cut short, a wrong type, a field missing, a bad
/// value.
std::string damaged(std::string_view line, Random& random);

}  // namespace fealty::generator
