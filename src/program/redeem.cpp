#include "redeem.hpp"

#include <algorithm>

#include "accept.hpp"
#include "exact.hpp"
#include "fealty/base/check.hpp"

namespace fealty::program {
namespace {

using member::EntryKind;
using member::NoticeType;

bool spends(event::RedemptionPhase phase) {
  return phase == event::RedemptionPhase::at_once || phase == event::RedemptionPhase::reserve;
}

void append_text(std::string_view verb, std::int64_t points, const event::Redemption& what,
                 std::string& out) {
  out.append(verb);
  out += ' ';
  append(out, points);
  out += points == 1 ? " point" : " points";
  if (!what.reward.empty()) out.append(" for ").append(what.reward);
  out.append(" (redemption ").append(what.redemption_id).append(")");
}

void open_reservation(Change& change, const event::Redemption& redemption) {
  change.record.rare.edit().reservations += 1;
  change.record.reserved += redemption.points;
  member::RowChange& row = change.effects.rows.emplace_back();
  row.key = member::RowKey::reservation(redemption.redemption_id);
  row.reserved = redemption.points;
}

void close_reservation(Change& change, const event::Redemption& redemption, std::int64_t points) {
  std::uint32_t& open = change.record.rare.edit().reservations;
  check(open > 0 && change.record.reserved >= points, "each open reservation is counted");
  open -= 1;
  change.record.reserved -= points;
  member::RowChange& row = change.effects.rows.emplace_back();
  row.what = member::RowChange::What::erase;
  row.key = member::RowKey::reservation(redemption.redemption_id);
}

struct Turn {
  EntryKind kind;
  NoticeType notice;
  std::string_view verb;
};

Turn turn_of(event::RedemptionPhase phase) {
  switch (phase) {
    case event::RedemptionPhase::at_once:
      return {EntryKind::redeem, NoticeType::points_redeemed, "redeemed"};
    case event::RedemptionPhase::reserve:
      return {EntryKind::reserve, NoticeType::points_reserved, "reserved"};
    case event::RedemptionPhase::capture:
      return {EntryKind::capture, NoticeType::points_redeemed, "captured"};
    case event::RedemptionPhase::release:
      return {EntryKind::release, NoticeType::points_released, "released"};
  }
  return {EntryKind::redeem, NoticeType::points_redeemed, "redeemed"};
}

}  // namespace

bool needs_reservation(const member::Record& record, const event::Redemption& redemption) {
  return !spends(redemption.phase) && record.rare->reservations > 0;
}

Outcome refuse_redemption(const member::Record& record, const event::Redemption& redemption,
                          std::optional<std::int64_t> held) {
  if (!spends(redemption.phase)) {
    if (!held) return refused(Errc::unknown_redemption, "redemption_id");
    return {};
  }
  if (redemption.points < 1 || redemption.points > points_max) {
    return refused(Errc::out_of_range, "points");
  }
  if (record.balance < redemption.points) return refused(Errc::insufficient_points, "points");
  // What is reserved may yet be redeemed.
  if (record.redeemed_points > balance_max - record.reserved - redemption.points) {
    return refused(Errc::out_of_range, "points");
  }
  if (redemption.phase == event::RedemptionPhase::reserve &&
      record.rare->reservations >= member::reservations_max) {
    return refused(Errc::record_full, "redemption_id");
  }
  return {};
}

void redeem(Change& change, const event::Redemption& redemption, std::optional<std::int64_t> held) {
  member::Record& record = change.record;
  const std::int64_t before = record.balance;
  std::int64_t points = redemption.points;
  std::int64_t moved = 0;
  switch (redemption.phase) {
    case event::RedemptionPhase::at_once:
      record.redeemed_points += points;
      moved = -points;
      break;
    case event::RedemptionPhase::reserve:
      open_reservation(change, redemption);
      moved = -points;
      break;
    case event::RedemptionPhase::capture:
      points = held.value_or(0);
      close_reservation(change, redemption, points);
      record.redeemed_points += points;
      break;
    case event::RedemptionPhase::release:
      points = held.value_or(0);
      close_reservation(change, redemption, points);
      moved = points;
      break;
  }
  const Turn turn = turn_of(redemption.phase);
  std::string& draft = change.effects.draft();
  append_text(turn.verb, points, redemption, draft);
  const std::string_view text = change.effects.keep(draft);
  post(change, turn.kind, moved, "redemption", {}, text);
  points_notice(change, turn.notice, "redemption", before, points, text);
}

Outcome refuse_adjustment(const member::Record& record, const event::Adjustment& adjustment) {
  if (adjustment.points == 0 || adjustment.points > points_max || adjustment.points < -points_max) {
    return refused(Errc::out_of_range, "points");
  }
  if (!balance_has_room(record, adjustment.points) ||
      record.balance + adjustment.points < -balance_max) {
    return refused(Errc::out_of_range, "points");
  }
  return {};
}

void adjust(Change& change, const event::Adjustment& adjustment) {
  const std::int64_t before = change.record.balance;
  std::int64_t points = adjustment.points;
  if (change.program.negative_balance == NegativeBalance::clamp && points < 0) {
    points = std::max(points, -std::max<std::int64_t>(before, 0));
  }
  if (points == 0) return;
  std::string& text = change.effects.draft();
  text += "adjusted by ";
  append(text, points);
  if (points != adjustment.points) {
    text += " instead of ";
    append(text, adjustment.points);
    text += ", the balance was too low";
  }
  if (!adjustment.reason.empty()) text.append(": ").append(adjustment.reason);
  if (!adjustment.actor.empty()) text.append(" (").append(adjustment.actor).append(")");
  const std::string_view kept = change.effects.keep(text);
  post(change, EntryKind::adjust, points, "adjustment", {}, kept);
  points_notice(change, NoticeType::points_adjusted, "adjustment", before, points, kept);
}

}  // namespace fealty::program
