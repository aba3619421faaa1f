#include "fealty/program/apply.hpp"

#include <algorithm>

#include "accept.hpp"
#include "delivery.hpp"
#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"
#include "order.hpp"
#include "redeem.hpp"
#include "tier.hpp"

namespace fealty::program {
namespace {

/// Whether what a profile states fits into the record.
bool profile_fits(const event::Event& event) {
  const auto* profile = std::get_if<event::Profile>(&event.data);
  return profile == nullptr || (profile->attributes.size() <= member::attributes_bytes_max &&
                                profile->time_zone.size() <= member::time_zone_bytes_max);
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
      count_one(record.clicks);
      break;
    case event::Type::view:
      count_one(record.views);
      break;
    case event::Type::login:
      count_one(record.logins);
      break;
    case event::Type::review:
      count_one(record.reviews);
      for (auto stars = std::get<event::Review>(event.data).rating; stars > 0; --stars) {
        count_one(record.rating_sum);
      }
      break;
    default:
      break;
  }
}

/// Click, view, review, login, enrol, profile, and the types that are only noted.
Outcome activity(Change& change, const event::Event& event) {
  if (!profile_fits(event)) return refused(Errc::record_full, "attributes");
  const bool earns = !rules_for(change.program, event.type).rules.empty();
  if (!earns) {
    begin(change, event);
  } else {
    const std::uint8_t level = earning_level(change);
    Earned earned;
    event_points(event, level, change.program, earned);
    // Most earn nothing: what the bound looks at is not even read then.
    const bool fits = earned.points == 0 || has_room(change.record, earned.points);
    if (earned.out_of_range || !fits) return refused(Errc::out_of_range, "points");
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

Outcome redemption(Change& change, const event::Event& event, const member::Rows& rows) {
  const auto& stated = std::get<event::Redemption>(event.data);
  std::optional<std::int64_t> held;
  if (needs_reservation(change.record, stated)) {
    const auto* row = rows.find(member::RowKey::reservation(stated.redemption_id));
    if (row != nullptr) held = row->reserved;
  }
  const Outcome outcome = refuse_redemption(change.record, stated, held);
  if (outcome.verdict != Verdict::applied) return outcome;
  begin(change, event);
  redeem(change, stated, held);
  return outcome;
}

Outcome transition(Change& change, const event::Event& event, const member::Rows& rows) {
  switch (event.type) {
    case event::Type::purchase:
      return purchase(change, event, rows);
    case event::Type::refund:
    case event::Type::cancel:
      return refund(change, event, rows);
    case event::Type::redemption:
      return redemption(change, event, rows);
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

void rows_needed(const member::Record& record, const event::Event& event, member::Rows& rows) {
  rows.clear();
  if (!event::touches_money(event.type)) return;
  need_delivery_rows(record, event, rows);
  switch (event.type) {
    case event::Type::purchase: {
      if (record.rare->parked.empty() || known_by_window(record, event)) return;
      const auto order_hash = hash64(std::get<event::Purchase>(event.data).order_id);
      for (const member::ParkedIndex& held : record.rare->parked) {
        if (held.order_hash == order_hash) rows.need(member::RowKey::parked(held.number), false);
      }
      return;
    }
    case event::Type::refund:
    case event::Type::cancel: {
      const std::string_view order_id = order_of(event);
      if (known_by_window(record, event) || !may_have_order(record, order_id)) return;
      rows.need(member::RowKey::order(order_id), !window_has_order(record, order_id));
      return;
    }
    case event::Type::redemption: {
      const auto& redemption = std::get<event::Redemption>(event.data);
      if (!needs_reservation(record, redemption) || known_by_window(record, event)) return;
      rows.need(member::RowKey::reservation(redemption.redemption_id), false);
      return;
    }
    default:
      return;
  }
}

Outcome apply(member::Record& record, const event::Event& event, event::Offset position,
              const member::Rows& rows, const Series& series, member::Effects& effects) {
  check(record.id == event.member, "an event must reach its own member");
  switch (seen(record, event, rows)) {
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
                event.source,
                cause_type(event.type),
                event.time,
                std::max(day, record.last_day),
                effects.notices.size(),
                effects.entries.size()};
  return transition(change, event, rows);
}

}  // namespace fealty::program
