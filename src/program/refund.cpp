#include "refund.hpp"

#include <algorithm>

#include "earn.hpp"
#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/program/apply.hpp"
#include "tier.hpp"

namespace fealty::program {
namespace {

std::int64_t lines_refunded(const member::OrderGrant& order) {
  std::int64_t sum = 0;
  for (const member::OrderLine& line : order.lines) sum += line.refunded_minor;
  return sum;
}

void take_all(member::OrderLine& line) {
  line.refunded_minor = line.amount_minor;
  line.refunded_quantity = line.quantity;
}

/// Takes up to `amount` from the line; returns what it could not take.
std::int64_t take_amount(member::OrderLine& line, std::int64_t amount) {
  const std::int64_t taken = std::min(amount, line.amount_minor - line.refunded_minor);
  line.refunded_minor += taken;
  if (taken > 0 && line.refunded_minor == line.amount_minor) take_all(line);
  return amount - taken;
}

/// Takes up to `quantity` pieces at the line's price; returns how many it could not take.
std::int64_t take_quantity(member::OrderLine& line, std::int64_t quantity) {
  const std::int64_t taken = std::min(quantity, line.quantity - line.refunded_quantity);
  const std::int64_t price = line.amount_minor / line.quantity;
  line.refunded_quantity += taken;
  line.refunded_minor = std::min(line.amount_minor, line.refunded_minor + taken * price);
  if (line.refunded_quantity == line.quantity) take_all(line);
  return quantity - taken;
}

bool names(const member::ParkedRefund::Line& wanted, const member::OrderLine& line) {
  return wanted.line.empty() ? !wanted.sku.empty() && wanted.sku == line.sku
                             : wanted.line == line.line;
}

struct LineResult {
  bool excess = false;
  std::int64_t unplaced_minor = 0;  // an amount for a line that the order does not have
};

/// One line of a refund; a sku that stands on several lines takes them in order.
LineResult take_line(const member::ParkedRefund::Line& wanted, member::OrderGrant& order) {
  const bool by_amount = wanted.amount_minor >= 0;
  std::int64_t left = by_amount ? wanted.amount_minor : wanted.quantity;
  bool found = false;
  for (member::OrderLine& line : order.lines) {
    if (!names(wanted, line)) continue;
    found = true;
    if (by_amount) {
      left = take_amount(line, left);
    } else if (wanted.quantity >= 0) {
      left = take_quantity(line, left);
    } else {
      take_all(line);
    }
  }
  if (found) return {left > 0, 0};
  return {!by_amount, by_amount ? wanted.amount_minor : 0};
}

std::int64_t clamped_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/// The order with each amount reduced to what was not refunded. Precondition: not refunded in full.
member::OrderGrant remainder_of(const member::OrderGrant& order) {
  const std::int64_t total = order.total_minor;
  const std::int64_t left = total - order.refunded_minor;
  const std::int64_t after_lines = total - lines_refunded(order);
  check(left > 0 && after_lines >= left, "what lines gave back is part of what was refunded");
  member::OrderGrant out = order;
  out.total_minor = left;
  out.subtotal_minor = share(order.subtotal_minor, left, total);
  out.tax_minor = share(order.tax_minor, left, total);
  out.shipping_minor = share(order.shipping_minor, left, total);
  out.discount_minor = share(order.discount_minor, left, total);
  out.points_paid = share(order.points_paid, left, total);
  for (member::OrderLine& line : out.lines) {
    const std::int64_t kept = line.amount_minor - line.refunded_minor;
    const std::int64_t amount = share(kept, left, after_lines);
    const bool gone = line.amount_minor > 0 && amount == 0;
    line.quantity = gone ? 0 : line.quantity - line.refunded_quantity;
    line.amount_minor = amount;
  }
  return out;
}

void append_reversal(const member::OrderGrant& order, std::int64_t refunded_before,
                     std::int64_t deduction, std::int64_t written_off, std::string& out) {
  out += "refund of ";
  append_money(out, order.refunded_minor - refunded_before, order.currency);
  out += "; ";
  append_money(out, order.refunded_minor, order.currency);
  out += " of ";
  append_money(out, order.total_minor, order.currency);
  out += " refunded so far; ";
  append(out, order.granted);
  out += " granted, ";
  append(out, order.granted - order.reversed);
  out += " left; ";
  append(out, deduction);
  out += " reversed";
  if (written_off > 0) {
    out += ", ";
    append(out, written_off);
    out += " of them written off, the balance was too low";
  }
}

void reverse_points(Change& change, const member::OrderGrant& order, const Reversal& reversal) {
  member::Record& record = change.record;
  const std::int64_t before = record.balance;
  record.lifetime_points -= reversal.deduction;
  if (reversal.taken == 0) return;
  std::string& draft = change.effects.draft();
  append_reversal(order, reversal.refunded_before, reversal.deduction,
                  reversal.deduction - reversal.taken, draft);
  const std::string_view text = change.effects.keep(draft);
  post(change, member::EntryKind::reverse, -reversal.taken, "refund", order.order_id, text);
  points_notice(change, member::NoticeType::points_reversed, "refund", before, -reversal.taken,
                text);
}

}  // namespace

void refund_of(const event::Event& event, member::ParkedRefund& out) {
  out.lines.clear();
  out.event_id = event.id;
  out.event_source = event.source;
  out.type = cause_type(event.type);
  out.time = event.time;
  if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) {
    out.order_id = cancel->order_id;
    out.refund_id = out.reason = {};
    out.currency = {};
    out.has_amount = false;
    out.amount_minor = 0;
    out.whole_order = true;
    return;
  }
  const auto& refund = std::get<event::Refund>(event.data);
  out.order_id = refund.order_id;
  out.refund_id = refund.refund_id;
  out.reason = refund.reason;
  out.currency = refund.currency;
  out.has_amount = refund.amount_minor.has_value();
  out.amount_minor = refund.amount_minor.value_or(0);
  out.whole_order = !out.has_amount && refund.lines.empty();
  for (const event::RefundLine& line : refund.lines) {
    out.lines.push_back(
        {line.line, line.sku, line.quantity.value_or(-1), line.amount_minor.value_or(-1)});
  }
}

std::size_t parked_bytes(const event::Event& event) {
  std::size_t bytes = event.id.size() + event.source.size();
  if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) {
    return bytes + cancel->order_id.size();
  }
  const auto& refund = std::get<event::Refund>(event.data);
  bytes += refund.order_id.size() + refund.refund_id.size() + refund.reason.size();
  for (const event::RefundLine& line : refund.lines) {
    bytes += line.line.size() + line.sku.size() + member::parked_line_bytes;
  }
  return bytes;
}

bool take_back(const member::ParkedRefund& refund, member::OrderGrant& order) {
  const std::int64_t total = order.total_minor;
  if (refund.whole_order) {
    for (member::OrderLine& line : order.lines) take_all(line);
    order.refunded_minor = total;
    return false;
  }
  const bool full = order.refunded_minor == total;
  const std::int64_t by_lines = lines_refunded(order);
  std::int64_t by_amount = full ? 0 : order.refunded_minor - by_lines;
  bool excess = false;
  bool stated = refund.has_amount;
  std::int64_t unplaced = 0;
  for (const member::ParkedRefund::Line& wanted : refund.lines) {
    const LineResult result = take_line(wanted, order);
    excess = excess || result.excess;
    stated = stated || wanted.amount_minor >= 0;
    unplaced = clamped_add(unplaced, result.unplaced_minor);
  }
  const std::int64_t by_lines_now = lines_refunded(order);
  // An amount beside lines is the whole refund: what the lines do not explain is spread.
  const std::int64_t named = clamped_add(by_lines_now - by_lines, unplaced);
  by_amount = clamped_add(by_amount, unplaced);
  if (refund.has_amount && refund.amount_minor > named) {
    by_amount = clamped_add(by_amount, refund.amount_minor - named);
  }
  const std::int64_t sum = clamped_add(by_amount, by_lines_now);
  if (full) return excess || (stated && (by_amount > 0 || by_lines_now > by_lines));
  order.refunded_minor = std::min(total, sum);
  return excess || (stated && sum > total);
}

std::int64_t points_left(const member::OrderGrant& order, const Series& series) {
  if (order.refunded_minor == order.total_minor) return 0;
  const Program* const program = series.of_version(order.program_version);
  if (program == nullptr) {  // Granted before this series: its rules are not at hand.
    return share(order.granted, order.total_minor - order.refunded_minor, order.total_minor);
  }
  const member::OrderGrant left = remainder_of(order);
  const std::int64_t revenue = share(revenue_of(order), left.total_minor, order.total_minor);
  Earned earned;
  order_points(left, revenue, *program, earned);
  return earned.points;
}

std::int64_t qualifying_of(const member::OrderGrant& order, const Program& program) {
  switch (program.metric) {
    case Metric::points:
      return order.granted - order.reversed;
    case Metric::money:
      return order.total_minor - order.refunded_minor;
    case Metric::orders:
      return 1;
  }
  return 0;
}

Reversal reverse(const member::ParkedRefund& refund, const Change& change,
                 member::OrderGrant& order) {
  Reversal out;
  out.refunded_before = order.refunded_minor;
  out.exceeds = take_back(refund, order);
  const std::int64_t unreversed = order.granted - order.reversed;
  out.deduction =
      std::clamp<std::int64_t>(unreversed - points_left(order, change.series), 0, unreversed);
  out.taken = out.deduction;
  if (change.program.negative_balance == NegativeBalance::clamp) {
    out.taken = std::min(out.deduction, std::max<std::int64_t>(change.record.balance, 0));
  }
  order.reversed += out.deduction;
  check(order.reversed <= order.granted, "no order gives back more than it gave");
  return out;
}

void book_refund(Change& change, const Reversal& reversal, member::OrderGrant& order) {
  member::Record& record = change.record;
  count_one(record.refunds);
  record.refunded_minor += order.refunded_minor - reversal.refunded_before;

  if (reversal.deduction > 0) reverse_points(change, order, reversal);
  if (reversal.exceeds) {
    member::Notice& out = notice(change, member::NoticeType::refund_exceeds_order, "refund");
    out.before = reversal.refunded_before;
    out.after = order.refunded_minor;
    out.details = {{"total_minor", order.total_minor}};
    out.explanation = "the refund states more than was left of the order";
  }
  const bool full = order.refunded_minor == order.total_minor;
  const bool uncounted = full && change.program.metric == Metric::orders;
  const std::int64_t qualifying = uncounted ? 0 : qualifying_of(order, change.program);
  const std::int64_t less = order.qualifying - qualifying;
  order.qualifying = qualifying;
  qualify(change, change.series.day(order.time), change.series.day(change.time), -less);
}

}  // namespace fealty::program
