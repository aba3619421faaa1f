#include "renderer.hpp"

#include <charconv>

#include "fealty/base/decimal.hpp"
#include "review_text.hpp"

namespace fealty::generator {
namespace {

constexpr std::array<std::string_view, 8> kind_names{"view",   "click",      "purchase", "refund",
                                                     "review", "redemption", "login",    "enrol"};
constexpr std::array<std::string_view, 4> channels{"web", "app", "store", "phone"};
constexpr std::array<std::string_view, 4> stores{"online", "berlin-1", "osaka-2", "austin-3"};
constexpr std::array<std::string_view, 4> zones{"UTC", "Europe/Berlin", "Asia/Tokyo",
                                                "America/Chicago"};
constexpr std::array<std::string_view, 3> reasons{"damaged", "wrong size", "changed mind"};
constexpr std::array<std::string_view, 3> rewards{"voucher", "free shipping", "gift"};

template <std::size_t n>
std::string_view one_of(const std::array<std::string_view, n>& names, Random& random) {
  return names[random.below(n)];
}

}  // namespace

Text& Text::number(std::uint64_t value, std::size_t digits_min) {
  std::array<char, 20> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto length = static_cast<std::size_t>(end - digits.data());
  if (length < digits_min)
    *this << std::string_view{"00000000000000000000"}.substr(0, digits_min - length);
  return *this << std::string_view{digits.data(), length};
}

Text& Text::hex(std::uint64_t value) {
  std::array<char, 16> digits;
  for (unsigned i = 0; i < 16; ++i) digits[i] = "0123456789abcdef"[(value >> (60U - 4U * i)) & 15U];
  return *this << std::string_view{digits.data(), digits.size()};
}

Text& Text::dollars(std::int64_t minor) {
  std::array<char, 24> digits;
  return *this << std::string_view{digits.data(), write_decimal(minor, 2, digits.data())};
}

Text& Text::time(EventTime time) {
  std::array<char, 24> digits;
  return *this << std::string_view{digits.data(), write_rfc3339(time, digits.data())};
}

Text& Text::date(Day day) {
  std::array<char, 24> digits;
  write_rfc3339(start_of(day), digits.data());
  return *this << std::string_view{digits.data(), 10};
}

Renderer::Renderer(const ShopOptions& options, const Catalogue& catalogue)
    : seed_{options.seed},
      format_{options.format},
      catalogue_{catalogue},
      source_{"/shop/" + std::to_string(options.seed)} {}

std::string_view Renderer::render(const Draft& draft, std::uint64_t number) {
  text_.clear();
  head(draft, number);
  data(draft);
  text_ << (format_ == Format::cloudevents ? "}}" : "}");
  return text_.view();
}

void Renderer::head(const Draft& draft, std::uint64_t number) {
  const std::string_view type = kind_names[static_cast<std::size_t>(draft.kind)];
  if (format_ == Format::cloudevents) {
    text_ << R"({"specversion":"1.0","id":"e-)";
    text_.number(number, 10) << R"(","source":")" << source_ << R"(","type":")" << type;
    text_ << R"(","subject":"m)";
    text_.number(draft.member, 7) << R"(","time":")";
    text_.time(draft.time) << R"(","datacontenttype":"application/json","data":{)";
    return;
  }
  text_ << R"({"id":"e-)";
  text_.number(number, 10) << R"(","source":")" << source_ << R"(","type":")" << type;
  text_ << R"(","member":"m)";
  text_.number(draft.member, 7) << R"(","time":")";
  text_.time(draft.time) << R"(",)";
}

void Renderer::data(const Draft& draft) {
  Random random{seed_, Purpose::content, draft.key, 1};
  switch (draft.kind) {
    case Kind::view:
    case Kind::click:
      return touch(draft, random);
    case Kind::purchase:
      return purchase(draft, random);
    case Kind::refund:
      return refund(draft, random);
    case Kind::review:
      return review(draft, random);
    case Kind::redemption:
      return redemption(draft, random);
    case Kind::login:
      text_ << R"("channel":")" << one_of(channels, random) << "\"";
      return;
    case Kind::enrol:
      return enrol(draft, random);
  }
}

void Renderer::touch(const Draft& draft, Random& random) {
  text_ << catalogue_.item(catalogue_.draw(random)).json;
  if (draft.kind == Kind::view) {
    text_ << R"(,"dwell_ms":)";
    text_.number(500 + random.below(60'000));
  }
  text_ << R"(,"channel":")" << channels[random.below(2)] << "\"";
}

void Renderer::purchase(const Draft& draft, Random& random) {
  const Order& order = draft.order;
  text_ << R"("order_id":"o-)";
  text_.hex(order.key) << R"(","currency":"USD","total":)";
  text_.dollars(order.total_minor()) << R"(,"subtotal":)";
  text_.dollars(order.subtotal_minor);
  if (order.shipping_minor > 0) {
    text_ << R"(,"shipping":)";
    text_.dollars(order.shipping_minor);
  }
  text_ << R"(,"channel":")" << one_of(channels, random) << R"(","store":")"
        << one_of(stores, random) << R"(","lines":[)";
  for (std::uint32_t i = 0; i < order.line_count; ++i) {
    const Order::Line& line = order.lines[i];
    text_ << (i == 0 ? R"({"line":")" : R"(,{"line":")");
    text_.number(i + 1) << R"(",)" << catalogue_.item(line.item).json << R"(,"quantity":)";
    text_.number(line.quantity) << R"(,"price":)";
    text_.dollars(line.price_minor) << "}";
  }
  text_ << "]";
}

// Half of them give the whole order back, the others one line or half the sum.
void Renderer::refund(const Draft& draft, Random& random) {
  const Order& order = draft.order;
  text_ << R"("order_id":"o-)";
  text_.hex(order.key) << R"(","refund_id":"r-)";
  text_.hex(mix(order.key, draft.key)) << R"(",)";
  const std::uint32_t way = random.below(10);
  if (way >= 8 && order.subtotal_minor >= 2) {
    text_ << R"("currency":"USD","amount":)";
    text_.dollars(order.subtotal_minor / 2) << ",";
  } else if (way >= 5) {
    text_ << R"("lines":[{"line":")";
    text_.number(1 + random.below(order.line_count)) << R"(","quantity":1}],)";
  }
  text_ << R"("reason":")" << one_of(reasons, random) << "\"";
}

void Renderer::review(const Draft& draft, Random& random) {
  const Order& order = draft.order;
  static constexpr std::array<std::uint32_t, 10> ratings{5, 5, 5, 5, 4, 4, 3, 2, 1, 1};
  const std::uint32_t rating = ratings[random.below(ratings.size())];
  const Item& item = catalogue_.item(order.lines[random.below(order.line_count)].item);
  text_ << R"("sku":")" << item.sku << R"(","review_id":"v-)";
  text_.hex(mix(order.key, draft.key)) << R"(","rating":)";
  text_.number(rating) << R"(,"text":")";
  const ReviewText words = review_text(rating, random);
  text_ << words.opening << item.category << words.middle << words.ending << R"(","language":")"
        << words.language << "\"";
}

void Renderer::redemption(const Draft& draft, Random& random) {
  text_ << R"("redemption_id":"d-)";
  text_.hex(draft.key) << R"(","points":)";
  text_.number(static_cast<std::uint64_t>(draft.points))
      << R"(,"reward":")" << one_of(rewards, random) << "\"";
}

void Renderer::enrol(const Draft& draft, Random& random) {
  text_ << R"("joined":")";
  text_.date(day_of(draft.time)) << R"(","birthday":")";
  text_.date(static_cast<Day>(random.below(14'000)))
      << R"(","time_zone":")" << one_of(zones, random) << "\"";
}

}  // namespace fealty::generator
