#include "fealty/program/apply.hpp"

#include <algorithm>

#include "delivery.hpp"
#include "earn.hpp"
#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "levels.hpp"
#include "posting.hpp"
#include "redeem.hpp"
#include "refund.hpp"
#include "tier.hpp"

namespace fealty::program {
namespace {

Outcome refused(Errc reason, std::string_view field) { return {Verdict::refused, reason, field}; }

/// What every accepted event does first: the level is settled up to its day, the event is known.
void begin(Change& change, const event::Event& event) {
  settle_level(change);
  member::Record& record = change.record;
  remember(record, event);
  const Day day = change.series.day(event.time);
  record.first_day = std::min(record.first_day, day);
  record.last_day = change.today;
  record.last_time = std::max(record.last_time, event.time);
}

bool has_room(const member::Record& record, std::int64_t points) {
  return record.balance <= balance_max - points && record.lifetime_points <= balance_max - points;
}

/// Books points earned: ledger, balance, notice. `level` is the one whose multiplier was used.
void book(Change& change, const Earned& earned, event::Type type, std::uint8_t level,
          std::string_view order_id) {
  if (earned.points == 0) return;
  const std::int64_t before = change.record.balance;
  change.record.lifetime_points += earned.points;
  const bool one_rule = (earned.gave & (earned.gave - 1)) == 0;
  std::string_view names;
  if (one_rule) {
    names = change.program.rules[static_cast<std::size_t>(__builtin_ctzll(earned.gave))].name;
  } else {
    std::string& draft = change.effects.draft();
    append_rule_names(earned.gave, change.program, draft);
    names = change.effects.keep(draft);
  }
  std::string& draft = change.effects.draft();
  explain(earned, type, level, change.program, draft);
  const std::string_view explanation = change.effects.keep(draft);
  post(change, member::EntryKind::earn, earned.points, names, order_id, explanation);
  points_notice(change, member::NoticeType::points_earned,
                one_rule ? names : std::string_view{"earn"}, before, earned.points, explanation);
}

void insert_day(member::PurchaseDays& days, Day day) {
  const auto at = std::lower_bound(days.begin(), days.end(), day);
  if (at == days.end() || *at != day) days.insert(at, day);
}

/// Refunds that came before this purchase, in the order of their arrival.
void apply_parked(Change& change, member::OrderGrant& order) {
  auto& parked = change.record.rare.edit().parked;
  for (std::size_t i = 0; i < parked.size();) {
    if (parked[i].order_key != order.key || parked[i].order_id != order.order_id) {
      ++i;
      continue;
    }
    const member::ParkedRefund refund = std::move(parked[i]);
    parked.erase(parked.begin() + static_cast<std::ptrdiff_t>(i));
    Change of_refund{change.record,     change.series,   change.series.at(refund.time),
                     change.effects,    change.position, change.effects.keep(refund.event_id),
                     refund.time,       change.today,    change.first_notice,
                     change.first_entry};
    apply_refund(of_refund, refund, order);
  }
}

Outcome purchase(Change& change, const event::Event& event) {
  const auto& bought = std::get<event::Purchase>(event.data);
  member::Record& record = change.record;
  if (bought.currency != change.program.currency) {
    return refused(Errc::currency_not_in_program, "currency");
  }
  if (!amounts_fit(bought)) return refused(Errc::out_of_range, "total");
  if (record.revenue_minor > balance_max - bought.total_minor) {
    return refused(Errc::out_of_range, "total");
  }
  member::OrderGrant& order = change.effects.order.renew();
  open_grant(bought, change.program, order);
  order.cause = event.id;
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
  record.purchases += 1;
  record.revenue_minor += order.total_minor;
  const Day day = change.series.day(event.time);
  insert_day(record.purchase_days, day);
  book(change, earned, event.type, order.level, bought.order_id);
  qualify(change, day, day, order.qualifying);
  if (!record.rare->parked.empty()) apply_parked(change, order);
  return {};
}

Outcome refund(Change& change, const event::Event& event, const member::OrderGrant* order) {
  const bool cancel = event.type == event::Type::cancel;
  if (!cancel) {
    const Currency stated = std::get<event::Refund>(event.data).currency;
    if (stated.stated() && stated != change.program.currency) {
      return refused(Errc::currency_not_in_program, "currency");
    }
  }
  if (order == nullptr && change.record.rare->parked.size() >= member::parked_max) {
    return refused(Errc::too_many_parked, "order_id");
  }
  begin(change, event);
  member::ParkedRefund request = refund_of(event);
  if (order == nullptr) {
    change.record.rare.edit().parked.push_back(std::move(request));
    return {};
  }
  check(order->key == request.order_key, "the caller looked up this order");
  member::OrderGrant& changed = change.effects.order.renew();
  changed = *order;
  apply_refund(change, request, changed);
  return {};
}

void set_profile(Change& change, const event::Event& event) {
  const auto& profile = std::get<event::Profile>(event.data);
  member::Record& record = change.record;
  if (profile.joined) record.joined = *profile.joined;
  if (event.type == event::Type::enrol && record.joined == no_day) {
    record.joined = change.series.day(event.time);
  }
  if (profile.birthday) record.birthday = *profile.birthday;
  if (!profile.time_zone.empty()) record.rare.edit().time_zone = profile.time_zone;
  if (!profile.attributes.empty()) record.rare.edit().attributes = profile.attributes;
}

void count(member::Record& record, const event::Event& event) {
  switch (event.type) {
    case event::Type::click:
      record.clicks += 1;
      break;
    case event::Type::view:
      record.views += 1;
      break;
    case event::Type::login:
      record.logins += 1;
      break;
    case event::Type::review:
      record.reviews += 1;
      record.rating_sum += static_cast<std::uint32_t>(std::get<event::Review>(event.data).rating);
      break;
    default:
      break;
  }
}

/// Click, view, review, login, enrol, profile, and the types that are only noted.
Outcome activity(Change& change, const event::Event& event) {
  const bool earns = !rules_for(change.program, event.type).rules.empty();
  if (!earns) {
    begin(change, event);
  } else {
    const std::uint8_t level = earning_level(change);
    Earned earned;
    event_points(event, level, change.program, earned);
    if (earned.out_of_range || !has_room(change.record, earned.points)) {
      return refused(Errc::out_of_range, "points");
    }
    begin(change, event);
    book(change, earned, event.type, level, {});
    if (change.program.metric == Metric::points) {
      const Day day = change.series.day(event.time);
      qualify(change, day, day, earned.points);
    }
  }
  count(change.record, event);
  if (event.type == event::Type::enrol || event.type == event::Type::profile) {
    set_profile(change, event);
  }
  return {};
}

Outcome transition(Change& change, const event::Event& event, const member::OrderGrant* order) {
  switch (event.type) {
    case event::Type::purchase:
      return purchase(change, event);
    case event::Type::refund:
    case event::Type::cancel:
      return refund(change, event, order);
    case event::Type::redemption: {
      const auto& redemption = std::get<event::Redemption>(event.data);
      const Outcome outcome = refuse_redemption(change.record, redemption);
      if (outcome.verdict != Verdict::applied) return outcome;
      begin(change, event);
      redeem(change, redemption);
      return outcome;
    }
    case event::Type::adjustment: {
      const auto& adjustment = std::get<event::Adjustment>(event.data);
      const Outcome outcome = refuse_adjustment(change.record, adjustment);
      if (outcome.verdict != Verdict::applied) return outcome;
      begin(change, event);
      adjust(change, adjustment);
      return outcome;
    }
    default:
      return activity(change, event);
  }
}

}  // namespace

bool needs_order(const member::Record& record, const event::Event& event) {
  return (event.type == event::Type::refund || event.type == event::Type::cancel) &&
         seen(record, event) == Seen::fresh;
}

std::uint64_t order_key(const event::Event& event) {
  if (const auto* cancel = std::get_if<event::Cancel>(&event.data)) return hash64(cancel->order_id);
  if (const auto* refund = std::get_if<event::Refund>(&event.data)) return hash64(refund->order_id);
  if (const auto* bought = std::get_if<event::Purchase>(&event.data)) {
    return hash64(bought->order_id);
  }
  check(false, "only events of an order have an order key");
  return 0;
}

Outcome apply(member::Record& record, const event::Event& event, event::Offset position,
              const member::OrderGrant* order, const Series& series, member::Effects& effects) {
  check(record.id == event.member, "an event must reach its own member");
  switch (seen(record, event)) {
    case Seen::duplicate:
      return {Verdict::duplicate, {}, {}};
    case Seen::conflict:
      return refused(Errc::id_conflict, "id");
    case Seen::fresh:
      break;
  }
  const Day day = series.day(event.time);
  Change change{record,
                series,
                series.on(day),
                effects,
                position,
                event.id,
                event.time,
                std::max(day, record.last_day),
                effects.notices.size(),
                effects.entries.size()};
  return transition(change, event, order);
}

}  // namespace fealty::program
