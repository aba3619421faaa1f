#include <array>
#include <variant>

#include "fealty/base/decimal.hpp"
#include "fealty/codec/encode.hpp"
#include "json_text.hpp"

namespace fealty::codec {
namespace {

/// Room for keys, punctuation, numbers and times of an event, and of one of its lines.
constexpr std::size_t event_bytes_max = 1024, line_bytes_max = 256;

/// The members of one JSON object. What is absent is left out, so that it is absent for who reads.
class Members {
 public:
  explicit Members(JsonText& json) : json_{json} {}
  JsonText& key(std::string_view name) {
    json_.raw(first_ ? "\"" : ",\"").raw(name).raw("\":");
    first_ = false;
    return json_;
  }
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) key(name).string(value);
  }
  void number(std::string_view name, std::int64_t value) { key(name).number(value); }
  void number(std::string_view name, std::optional<std::int64_t> value) {
    if (value) number(name, *value);
  }
  void money(std::string_view name, std::int64_t minor, int scale) {
    JsonText& json = key(name).raw("\"");
    json.advance(write_decimal(minor, scale, json.at()));
    json.raw("\"");
  }
  void money(std::string_view name, std::optional<std::int64_t> minor, int scale) {
    if (minor) money(name, *minor, scale);
  }
  void currency(Currency currency) {
    if (!currency.stated()) return;
    std::array<char, 3> code{};
    currency.write(code.data());
    key("currency").string({code.data(), code.size()});
  }
  void day(std::string_view name, std::optional<Day> day) {
    if (!day) return;
    JsonText& json = key(name).raw("\"");
    json.advance(write_iso_date(*day, json.at()));
    json.raw("\"");
  }
  void json(std::string_view name, std::string_view text) {
    if (!text.empty()) key(name).raw(text);
  }

 private:
  JsonText& json_;
  bool first_ = true;
};

template <class Lines, class Write>
void put_lines(Members& data, JsonText& json, const Lines& lines, Write&& write) {
  if (lines.empty()) return;
  data.key("lines").raw("[");
  bool first = true;
  for (const auto& line : lines) {
    json.raw(first ? "{" : ",{");
    first = false;
    Members members{json};
    write(members, line);
    json.raw("}");
  }
  json.raw("]");
}

/// The data of one type, and how many bytes that takes at most.
class Writer {
 public:
  explicit Writer(JsonText& json) : json_{json}, data_{json} {}

  void operator()(const event::Purchase& p) {
    const int scale = p.currency.scale();
    data_.text("order_id", p.order_id);
    data_.currency(p.currency);
    data_.money("total", p.total_minor, scale);
    data_.money("subtotal", p.subtotal_minor, scale);
    data_.money("tax", p.tax_minor, scale);
    data_.money("shipping", p.shipping_minor, scale);
    data_.money("discount", p.discount_minor, scale);
    data_.number("points_paid", p.points_paid);
    data_.text("channel", p.channel);
    data_.text("store", p.store);
    put_lines(data_, json_, p.lines, [scale](Members& line, const event::Line& from) {
      line.text("line", from.line);
      line.text("sku", from.sku);
      line.text("category", from.category);
      line.text("brand", from.brand);
      line.number("quantity", from.quantity);
      line.money("price", from.price_minor, scale);
    });
  }
  void operator()(const event::Refund& r) {
    const int scale = r.currency.stated() ? r.currency.scale() : 0;  // none stated: no amount
    data_.text("order_id", r.order_id);
    data_.text("refund_id", r.refund_id);
    data_.currency(r.currency);
    data_.money("amount", r.amount_minor, scale);
    data_.text("reason", r.reason);
    put_lines(data_, json_, r.lines, [scale](Members& line, const event::RefundLine& from) {
      line.text("line", from.line);
      line.text("sku", from.sku);
      line.number("quantity", from.quantity);
      line.money("amount", from.amount_minor, scale);
    });
  }
  void operator()(const event::Cancel& c) { data_.text("order_id", c.order_id); }
  void operator()(const event::Touch& t) {
    data_.text("sku", t.sku);
    data_.text("category", t.category);
    data_.text("brand", t.brand);
    data_.text("channel", t.channel);
    data_.number("dwell_ms", t.dwell_ms);
  }
  void operator()(const event::Review& r) {
    data_.text("sku", r.sku);
    data_.text("review_id", r.review_id);
    data_.number("rating", std::int64_t{r.rating});
    data_.text("text", r.text);
    data_.text("language", r.language);
  }
  void operator()(const event::Login& l) { data_.text("channel", l.channel); }
  void operator()(const event::Redemption& r) {
    constexpr std::array<std::string_view, 4> phases{"at_once", "reserve", "capture", "release"};
    data_.text("redemption_id", r.redemption_id);
    data_.number("points", r.points);
    data_.text("reward", r.reward);
    data_.text("phase", phases.at(static_cast<std::size_t>(r.phase)));
  }
  void operator()(const event::Adjustment& a) {
    data_.number("points", a.points);
    data_.text("actor", a.actor);
    data_.text("reason", a.reason);
  }
  void operator()(const event::Profile& p) {
    data_.day("joined", p.joined);
    data_.day("birthday", p.birthday);
    data_.text("time_zone", p.time_zone);
    data_.json("attributes", p.attributes);
  }

 private:
  JsonText& json_;
  Members data_;
};

struct BytesOf {
  template <class... Texts>
  static std::size_t sum(const Texts&... texts) {
    return (json_bytes_max(texts) + ...);
  }
  std::size_t operator()(const event::Purchase& p) const {
    std::size_t bytes = sum(p.order_id, p.channel, p.store);
    for (const event::Line& line : p.lines) {
      bytes += line_bytes_max + sum(line.line, line.sku, line.category, line.brand);
    }
    return bytes;
  }
  std::size_t operator()(const event::Refund& r) const {
    std::size_t bytes = sum(r.order_id, r.refund_id, r.reason);
    for (const event::RefundLine& line : r.lines) {
      bytes += line_bytes_max + sum(line.line, line.sku);
    }
    return bytes;
  }
  std::size_t operator()(const event::Cancel& c) const { return sum(c.order_id); }
  std::size_t operator()(const event::Touch& t) const {
    return sum(t.sku, t.category, t.brand, t.channel);
  }
  std::size_t operator()(const event::Review& r) const {
    return sum(r.sku, r.review_id, r.text, r.language);
  }
  std::size_t operator()(const event::Login& l) const { return sum(l.channel); }
  std::size_t operator()(const event::Redemption& r) const {
    return sum(r.redemption_id, r.reward);
  }
  std::size_t operator()(const event::Adjustment& a) const { return sum(a.actor, a.reason); }
  std::size_t operator()(const event::Profile& p) const {
    return sum(p.time_zone) + p.attributes.size();
  }
  std::size_t operator()(const event::Other& o) const { return o.data.size(); }
};

}  // namespace

void encode_event(const event::Event& event, std::string& out, std::string_view origin) {
  JsonText json{out, event_bytes_max + std::visit(BytesOf{}, event.data) + json_bytes_max(origin) +
                         BytesOf::sum(event.id, event.source, event.member)};
  json.raw("{");
  Members members{json};
  members.key("specversion").raw("\"1.0\"");
  members.text("id", event.id);
  members.text("source", event.source);
  members.text("type", event::name(event.type));
  members.text("subject", event.member);
  members.key("time").time(event.time);
  members.key("datacontenttype").raw("\"application/json\"");
  members.text(origin_attribute, origin);
  if (const auto* other = std::get_if<event::Other>(&event.data)) {
    members.json("data", other->data);
  } else {
    members.key("data").raw("{");
    Writer writer{json};
    std::visit(
        [&writer](const auto& data) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(data)>, event::Other>) writer(data);
        },
        event.data);
    json.raw("}");
  }
  json.raw("}").finish();
}

}  // namespace fealty::codec
