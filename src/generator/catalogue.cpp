#include "catalogue.hpp"

#include <algorithm>
#include <string_view>

#include "fealty/base/math.hpp"

namespace fealty::generator {
namespace {

constexpr std::array<std::string_view, 12> categories{"books",  "music",  "garden", "kitchen",
                                                      "toys",   "sports", "beauty", "shoes",
                                                      "coffee", "audio",  "travel", "outdoor"};
constexpr std::array<std::string_view, 16> brands{
    "Nordlys", "Halden", "Quill", "Bergamo", "Tessera", "Oakline", "Luma",    "Fjord",
    "Kestrel", "Mirra",  "Solis", "Umbra",   "Vantage", "Wren",    "Zephyra", "Corvo"};

std::string padded(std::uint32_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  return std::string(digits > text.size() ? digits - text.size() : 0, '0') + text;
}

}  // namespace

Catalogue::Catalogue(std::uint64_t seed, std::uint32_t items) : popularity_{items} {
  items_.reserve(items);
  for (std::uint32_t i = 0; i < items; ++i) {
    Random random{seed, Purpose::item, i};
    Item item;
    item.sku = "sku-" + padded(i, 6);
    item.category = categories[random.below(categories.size())];
    item.brand = brands[random.below(brands.size())];
    item.price = 18.0 * fealty::exp(0.6 * random.normal());
    item.json = "\"sku\":\"" + item.sku + "\",\"category\":\"" + item.category + "\",\"brand\":\"" +
                item.brand + "\"";
    items_.push_back(std::move(item));
  }
}

Order make_order(std::uint64_t seed, std::uint64_t key, double spend_p, double spend_rate,
                 const Catalogue& catalogue) {
  constexpr std::int64_t line_minor_max = 10'000'000;
  Random random{seed, Purpose::order, key};
  Order order;
  order.key = key;
  order.line_count = 1 + random.geometric(0.6, Order::lines_max - 1);
  double list = 0;
  for (std::uint32_t i = 0; i < order.line_count; ++i) {
    Order::Line& line = order.lines[i];
    line.item = catalogue.draw(random);
    line.quantity = 1 + random.geometric(0.8, 4);
    list += line.quantity * catalogue.item(line.item).price;
  }
  const double dollars = random.gamma(spend_p) / spend_rate;
  for (std::uint32_t i = 0; i < order.line_count; ++i) {
    Order::Line& line = order.lines[i];
    const double cents = 100.0 * dollars / list * catalogue.item(line.item).price + 0.5;
    line.price_minor = cents < 1e7 ? static_cast<std::int64_t>(cents) : line_minor_max;
    order.subtotal_minor += line.quantity * line.price_minor;
  }
  if (order.subtotal_minor < 25'00 && random.chance(0.4)) order.shipping_minor = 4'95;
  return order;
}

}  // namespace fealty::generator
