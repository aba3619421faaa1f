#include "fealty/codec/digest.hpp"

#include "fealty/base/hash.hpp"

namespace fealty::codec {
namespace {

/// Fields, one after the other, into 64 bits. An absent number differs from every number.
class Digest {
 public:
  void add(std::string_view text) { value_ = mix(value_, text.empty() ? 0 : hash64(text)); }
  void add(std::int64_t number) { value_ = mix(value_, static_cast<std::uint64_t>(number)); }
  void add(std::optional<std::int64_t> number) {
    add(number ? std::int64_t{1} : std::int64_t{0});
    if (number) add(*number);
  }
  void add(std::optional<Day> day) {
    add(day ? std::optional<std::int64_t>{*day} : std::optional<std::int64_t>{});
  }
  void add(Currency currency) { add(std::int64_t{currency.packed()}); }
  template <class... Fields>
  void all(const Fields&... fields) {
    (add(fields), ...);
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

  void operator()(const event::Purchase& p) {
    all(p.order_id, p.currency, p.total_minor, p.subtotal_minor, p.tax_minor, p.shipping_minor,
        p.discount_minor, p.points_paid, p.channel, p.store);
    for (const event::Line& line : p.lines) {
      all(line.line, line.sku, line.category, line.brand, line.quantity, line.price_minor);
    }
  }
  void operator()(const event::Refund& r) {
    all(r.order_id, r.refund_id, r.currency, r.amount_minor, r.reason);
    for (const event::RefundLine& line : r.lines) {
      all(line.line, line.sku, line.quantity, line.amount_minor);
    }
  }
  void operator()(const event::Cancel& c) { all(c.order_id); }
  void operator()(const event::Touch& t) { all(t.sku, t.category, t.brand, t.channel, t.dwell_ms); }
  void operator()(const event::Review& r) {
    all(r.sku, r.review_id, r.text, r.language, std::int64_t{r.rating});
  }
  void operator()(const event::Login& l) { all(l.channel); }
  void operator()(const event::Redemption& r) {
    all(r.redemption_id, r.points, r.reward, static_cast<std::int64_t>(r.phase));
  }
  void operator()(const event::Adjustment& a) { all(a.points, a.actor, a.reason); }
  void operator()(const event::Profile& p) { all(p.joined, p.birthday, p.time_zone, p.attributes); }
  void operator()(const event::Other& o) { all(o.data); }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace

std::uint64_t digest_of(const event::Event& event) {
  Digest digest;
  digest.all(static_cast<std::int64_t>(event.type), static_cast<std::int64_t>(event.member_hash),
             std::int64_t{event.time.time_since_epoch().count()});
  std::visit([&](const auto& data) { digest(data); }, event.data);
  return digest.value();
}

}  // namespace fealty::codec
