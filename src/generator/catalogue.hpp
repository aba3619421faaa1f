#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "random.hpp"

namespace fealty::generator {

struct Item {
  std::string sku, category, brand;
  std::string json;  // "sku":"...","category":"...","brand":"..."
  double price = 0;  // list price in dollars; orders pay it times a factor of their own
};

/// What the shop sells.
class Catalogue {
 public:
  Catalogue(std::uint64_t seed, std::uint32_t items);
  [[nodiscard]] const Item& item(std::uint32_t at) const { return items_[at]; }
  std::uint32_t draw(Random& random) const { return popularity_.draw(random); }

 private:
  std::vector<Item> items_;
  ZipfTable popularity_;
};

/// An order, all of it a function of (seed, key, spend_rate).
struct Order {
  struct Line {
    std::uint32_t item = 0;
    std::uint32_t quantity = 0;
    std::int64_t price_minor = 0;
  };
  static constexpr std::uint32_t lines_max = 4;
  std::uint64_t key = 0;
  std::uint32_t line_count = 0;
  std::array<Line, lines_max> lines{};
  std::int64_t subtotal_minor = 0;  // of the lines
  std::int64_t shipping_minor = 0;
  [[nodiscard]] std::int64_t total_minor() const { return subtotal_minor + shipping_minor; }
};
/// Spends about Gamma(spend_p) / spend_rate dollars, to the rounding of each line's price.
Order make_order(std::uint64_t seed, std::uint64_t key, double spend_p, double spend_rate,
                 const Catalogue& catalogue);

}  // namespace fealty::generator
