#pragma once

#include <array>
#include <cstdio>
#include <deque>
#include <map>
#include <string>

#include "fealty/base/hash.hpp"
#include "fealty/member/notice_id.hpp"
#include "fealty/program/apply.hpp"

/// A member, a program and a little shop's worth of events, for tests.
namespace fealty::program::testing {

inline const Currency usd = *Currency::from_code("USD");

inline EventTime at_day(Day day, int hour = 12) { return start_of(day) + std::chrono::hours{hour}; }

/// `name`: weight * f(field) on `type`.
inline Rule rule(std::string name, event::Type type, Field field, Function f,
                 Rational weight = {1, 1}) {
  Rule out;
  out.name = std::move(name);
  out.on = type;
  out.field = field;
  out.f = std::move(f);
  out.weight = weight;
  return out;
}
inline Function constant(Rational c) { return {.shape = Shape::constant, .alpha = c}; }
inline Function linear(Rational beta, Rational alpha = {0, 1}) {
  return {.shape = Shape::linear, .alpha = alpha, .beta = beta};
}
inline Function step(Rational every, Rational points) {
  return {.shape = Shape::step, .beta = points, .every = every};
}

/// One point per dollar; bronze, silver from 100, gold from 300 points; lifetime.
inline Program shop() {
  Program program;
  program.id = "shop";
  program.version = 3;
  program.currency = usd;
  program.rules = {rule("base", event::Type::purchase, Field::total, linear({1, 1}))};
  program.levels = {{"bronze", 0, {1, 1}}, {"silver", 100, {1, 1}}, {"gold", 300, {1, 1}}};
  return program;
}

inline std::vector<Program> compiled(std::vector<Program> generations) {
  for (Program& one : generations) {
    check(compile(one).empty(), "the test's program compiles");
  }
  check(series_faults(generations).empty(), "the test's generations are one program");
  return generations;
}

/// A row as the host would keep it; its texts are the desk's.
struct KeptRow {
  member::DeliveryRow delivery;
  member::ParkedRefund parked;
  std::int64_t reserved = 0;
};

/// Drives one member; keeps the rows as the host would.
class Desk {
 public:
  explicit Desk(Program p) : Desk{std::vector<Program>{std::move(p)}} {}
  explicit Desk(std::vector<Program> generations) : series{compiled(std::move(generations))} {
    record.id = "anna";
  }

  /// Applies any event; digest and hashes are made here.
  Outcome send(event::Event event) {
    event.member = record.id;
    event.member_hash = hash64(event.member);
    event.id_hash = hash64(event.id, hash64(event.source));
    effects.clear();
    rows_needed(record, event, needed);
    for (member::FoundRow& row : needed.all()) look_up(row);
    const Outcome outcome = apply(record, event, position++, needed, series, effects);
    for (const member::RowChange& change : effects.rows) keep_row(change);
    for (const auto& entry : effects.entries) ledger.push_back(kept(entry));
    return outcome;
  }
  /// The rows that the last event needed.
  [[nodiscard]] std::size_t looked_up() { return needed.all().size(); }
  /// With texts that outlive the effects that it borrowed them from.
  member::LedgerEntry kept(member::LedgerEntry entry) {
    for (std::string_view* text :
         {&entry.cause, &entry.cause_source, &entry.rule, &entry.order_id, &entry.explanation}) {
      *text = keep(std::string{*text});
    }
    return entry;
  }

  event::Event event_of(event::Type type, std::string id, Day day, event::Data data) {
    event::Event event;
    event.type = type;
    event.id = keep(std::move(id));
    event.time = at_day(day);
    event.digest = ++digest_;
    event.data = std::move(data);
    return event;
  }
  event::Event bought(std::string order, Day day, std::int64_t total_minor,
                      std::vector<event::Line> lines = {}) {
    event::Purchase purchase;
    purchase.order_id = keep(order);
    purchase.currency = usd;
    purchase.total_minor = total_minor;
    purchase.lines = kept_lines_.emplace_back(std::move(lines));
    auto event = event_of(event::Type::purchase, "e-" + order, day, purchase);
    event.digest = hash64(order, static_cast<std::uint64_t>(total_minor));
    return event;
  }
  Outcome buy(std::string order, Day day, std::int64_t total_minor,
              std::vector<event::Line> lines = {}) {
    return send(bought(std::move(order), day, total_minor, std::move(lines)));
  }
  /// The whole order without an amount.
  Outcome refund(std::string order, Day day, std::optional<std::int64_t> amount = {},
                 std::vector<event::RefundLine> lines = {}) {
    event::Refund refund;
    refund.order_id = keep(std::move(order));
    refund.amount_minor = amount;
    refund.lines = kept_refund_lines_.emplace_back(std::move(lines));
    return send(event_of(event::Type::refund, "r" + std::to_string(++serial_), day, refund));
  }
  Outcome redeem(std::string id, Day day, std::int64_t points,
                 event::RedemptionPhase phase = event::RedemptionPhase::at_once) {
    event::Redemption redemption;
    redemption.redemption_id = keep(std::move(id));
    redemption.points = points;
    redemption.phase = phase;
    return send(
        event_of(event::Type::redemption, "x" + std::to_string(++serial_), day, redemption));
  }
  Outcome touch(Day day, event::Type type = event::Type::view) {
    return send(event_of(type, "t" + std::to_string(++serial_), day, event::Touch{}));
  }
  /// What the clock does.
  void tick(Day today) {
    effects.clear();
    announce(record, today, series, effects);
  }

  [[nodiscard]] std::vector<member::NoticeType> announced() const {
    std::vector<member::NoticeType> out;
    for (const auto& notice : effects.notices) out.push_back(notice.type);
    return out;
  }
  /// "bronze>silver" of the first level notice of the last event; empty where there is none.
  [[nodiscard]] std::string level_change() const {
    for (const auto& notice : effects.notices) {
      if (notice.type < member::NoticeType::tier_upgraded ||
          notice.type > member::NoticeType::tier_corrected) {
        continue;
      }
      return std::string{std::get<std::string_view>(notice.before)} + ">" +
             std::string{std::get<std::string_view>(notice.after)};
    }
    return {};
  }
  [[nodiscard]] std::string notice_id(const member::Notice& notice) const {
    const member::NoticeId id = member::id_of(notice, record.id);
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx",
                  static_cast<unsigned long long>(id.high),
                  static_cast<unsigned long long>(id.low));
    return text.data();
  }
  /// A detail that is a text; empty where there is none.
  [[nodiscard]] static std::string detail(const member::Notice& notice, std::string_view key) {
    for (const member::Detail& one : notice.details) {
      if (one.key == key) return std::string{std::get<std::string_view>(one.value)};
    }
    return {};
  }
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

  [[nodiscard]] const Program& program() const { return series.first(); }

  Series series;
  member::Record record;
  member::Effects effects;
  member::Rows needed;
  std::map<std::string, member::OrderGrant, std::less<>> orders;
  std::map<std::string, KeptRow> rows;  // all others
  std::vector<member::LedgerEntry> ledger;
  event::Offset position = 0;

 private:
  static std::string name_of(const member::RowKey& key) {
    return std::to_string(static_cast<int>(key.kind)) + "." + std::to_string(key.scope) + "." +
           std::string{key.first} + '\0' + std::string{key.second};
  }
  void look_up(member::FoundRow& row) {
    if (row.key.kind == member::RowKind::order) {
      const auto at = orders.find(row.key.first);
      row.found = at != orders.end();
      if (row.found) row.order = at->second;
      return;
    }
    const auto at = rows.find(name_of(row.key));
    row.found = at != rows.end();
    if (!row.found) return;
    row.delivery = at->second.delivery;
    row.parked = at->second.parked;
    row.reserved = at->second.reserved;
  }
  void keep_row(const member::RowChange& change) {
    using What = member::RowChange::What;
    if (change.what == What::left) return;
    if (change.what == What::erase) {
      rows.erase(name_of(change.key));
    } else if (change.key.kind == member::RowKind::order) {
      orders.insert_or_assign(std::string{change.key.first}, *effects.order);
    } else {
      KeptRow& row = rows[name_of(change.key)];
      row.delivery = change.delivery;
      row.delivery.id = keep(std::string{change.delivery.id});
      row.delivery.source = keep(std::string{change.delivery.source});
      row.reserved = change.reserved;
      if (change.key.kind == member::RowKind::parked) row.parked = kept(*effects.parked);
    }
  }
  member::ParkedRefund kept(member::ParkedRefund refund) {
    for (std::string_view* text : {&refund.order_id, &refund.refund_id, &refund.reason,
                                   &refund.event_id, &refund.event_source}) {
      *text = keep(std::string{*text});
    }
    for (auto& line : refund.lines) {
      line.line = keep(std::string{line.line});
      line.sku = keep(std::string{line.sku});
    }
    return refund;
  }

  std::deque<std::string> kept_;
  std::deque<std::vector<event::Line>> kept_lines_;
  std::deque<std::vector<event::RefundLine>> kept_refund_lines_;
  std::uint64_t digest_ = 1000;
  int serial_ = 0;
};

}  // namespace fealty::program::testing
