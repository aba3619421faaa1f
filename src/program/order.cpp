#include "order.hpp"

#include <algorithm>

#include "accept.hpp"
#include "delivery.hpp"
#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "refund.hpp"
#include "tier.hpp"

namespace fealty::program {
namespace {

void insert_day(member::PurchaseDays& days, Day day) {
  const auto at = std::lower_bound(days.begin(), days.end(), day);
  if (at == days.end() || *at != day) days.insert(at, day);
}

bool days_full(const member::PurchaseDays& days, Day day) {
  return days.size() >= member::purchase_days_max &&
         !std::binary_search(days.begin(), days.end(), day);
}

/// Refunds that came before this purchase, in the order of their arrival. They take no more than it
/// gave, so the balance has room for them.
void apply_parked(Change& change, const member::Rows& rows, member::OrderGrant& order) {
  if (change.record.rare->parked.empty()) return;
  const std::uint64_t order_hash = hash64(order.order_id);
  auto& parked = change.record.rare.edit().parked;
  for (std::size_t i = 0; i < parked.size();) {
    const member::RowKey key = member::RowKey::parked(parked[i].number);
    const member::FoundRow* row = parked[i].order_hash == order_hash ? rows.find(key) : nullptr;
    if (row == nullptr || row->parked.order_id != order.order_id) {
      ++i;
      continue;
    }
    parked.erase(parked.begin() + static_cast<std::ptrdiff_t>(i));
    member::RowChange& gone = change.effects.rows.emplace_back();
    gone.what = member::RowChange::What::erase;
    gone.key = key;
    const member::ParkedRefund& refund = row->parked;
    Change of_refund{change.record,
                     change.series,
                     change.series.at(refund.time),
                     change.effects,
                     change.position,
                     change.effects.keep(refund.event_id),
                     change.effects.keep(refund.event_source),
                     refund.type,
                     refund.time,
                     change.today,
                     change.first_notice,
                     change.first_entry};
    book_refund(of_refund, reverse(refund, of_refund, order), order);
  }
}

/// Keeps a refund until its purchase comes. Precondition: fewer than parked_max wait.
void park(Change& change, const event::Event& event, std::string_view order_id) {
  auto& parked = change.record.rare.edit().parked;
  std::uint8_t number = 0;
  const auto taken = [&](const member::ParkedIndex& held) { return held.number == number; };
  while (std::any_of(parked.begin(), parked.end(), taken)) ++number;
  check(number < member::parked_max, "refused before");
  parked.push_back({hash64(order_id), number});
  refund_of(event, change.effects.parked.renew());
  change.effects.rows.emplace_back().key = member::RowKey::parked(number);
}

}  // namespace

Outcome purchase(Change& change, const event::Event& event, const member::Rows& rows) {
  const auto& bought = std::get<event::Purchase>(event.data);
  member::Record& record = change.record;
  if (bought.currency != change.program.currency) {
    return refused(Errc::currency_not_in_program, "currency");
  }
  if (!amounts_fit(bought)) return refused(Errc::out_of_range, "total");
  if (record.revenue_minor > balance_max - bought.total_minor) {
    return refused(Errc::out_of_range, "total");
  }
  const Day day = change.series.day(event.time);
  if (days_full(record.purchase_days, day)) return refused(Errc::record_full, "purchase_days");
  member::OrderGrant& order = change.effects.order.renew();
  open_grant(bought, change.program, order);
  order.cause = event.id;
  order.cause_source = event.source;
  order.digest = event.digest;
  order.time = event.time;
  order.level = earning_level(change);
  Earned earned;
  order_points(order, revenue_of(order), change.program, earned);
  if (earned.out_of_range || !has_room(record, earned.points)) {
    change.effects.order.reset();
    return refused(Errc::out_of_range, "points");
  }

  begin(change, event);
  order.granted = earned.points;
  order.qualifying = qualifying_of(order, change.program);
  count_one(record.purchases);
  record.revenue_minor += order.total_minor;
  insert_day(record.purchase_days, day);
  book(change, earned, event.type, order.level, bought.order_id);
  qualify(change, day, day, order.qualifying);
  change.effects.rows.emplace_back().key = member::RowKey::order(bought.order_id);
  apply_parked(change, rows, order);
  return {};
}

std::string_view order_of(const event::Event& event) {
  const auto* cancel = std::get_if<event::Cancel>(&event.data);
  return cancel != nullptr ? cancel->order_id : std::get<event::Refund>(event.data).order_id;
}

bool may_have_order(const member::Record& record, std::string_view order_id) {
  return record.deliveries.left() > 0 || window_has_order(record, order_id);
}

Outcome refund(Change& change, const event::Event& event, const member::Rows& rows) {
  member::Record& record = change.record;
  if (const auto* stated = std::get_if<event::Refund>(&event.data)) {
    if (stated->currency.stated() && stated->currency != change.program.currency) {
      return refused(Errc::currency_not_in_program, "currency");
    }
  }
  const std::string_view order_id = order_of(event);
  const member::FoundRow* row =
      may_have_order(record, order_id) ? rows.find(member::RowKey::order(order_id)) : nullptr;
  if (row == nullptr) {
    if (record.rare->parked.size() >= member::parked_max) {
      return refused(Errc::too_many_parked, "order_id");
    }
    if (parked_bytes(event) > member::parked_bytes_max) return refused(Errc::record_full, "lines");
    begin(change, event);
    park(change, event, order_id);
    return {};
  }
  member::OrderGrant& order = change.effects.order.renew();
  order = row->order;
  member::ParkedRefund& request = change.effects.parked.renew();
  refund_of(event, request);
  const Reversal reversal = reverse(request, change, order);
  change.effects.parked.reset();
  if (record.balance < reversal.taken - balance_max) {
    change.effects.order.reset();
    return refused(Errc::out_of_range, "points");
  }
  begin(change, event);
  change.effects.rows.emplace_back().key = member::RowKey::order(order_id);
  book_refund(change, reversal, order);
  return {};
}

}  // namespace fealty::program
