#include "redeem.hpp"

#include <algorithm>

#include "exact.hpp"
#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"

namespace fealty::program {
namespace {

using member::EntryKind;
using member::NoticeType;

bool is_reserved(const member::Record& record, std::uint64_t key) {
  const auto& held = record.rare->reservations;
  return std::any_of(held.begin(), held.end(), [&](const auto& one) { return one.key == key; });
}

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

/// Takes the reservation out of the record and returns its points.
std::int64_t close_reservation(member::Record& record, std::uint64_t key) {
  check(is_reserved(record, key), "refused before");
  auto& reservations = record.rare.edit().reservations;
  const auto at = std::find_if(reservations.begin(), reservations.end(),
                               [&](const auto& held) { return held.key == key; });
  const std::int64_t points = at->points;
  reservations.erase(at);
  record.reserved -= points;
  check(record.reserved >= 0, "reserved is the sum of the reservations");
  return points;
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

Outcome refuse_redemption(const member::Record& record, const event::Redemption& redemption) {
  const bool open = is_reserved(record, hash64(redemption.redemption_id));
  if (!spends(redemption.phase)) {
    if (!open) return {Verdict::refused, Errc::unknown_redemption, "redemption_id"};
    return {};
  }
  if (redemption.points < 1 || redemption.points > points_max) {
    return {Verdict::refused, Errc::out_of_range, "points"};
  }
  if (record.balance < redemption.points) {
    return {Verdict::refused, Errc::insufficient_points, "points"};
  }
  return {};
}

void redeem(Change& change, const event::Redemption& redemption) {
  member::Record& record = change.record;
  const std::uint64_t key = hash64(redemption.redemption_id);
  const std::int64_t before = record.balance;
  std::int64_t points = redemption.points;
  std::int64_t moved = 0;
  switch (redemption.phase) {
    case event::RedemptionPhase::at_once:
      record.redeemed_points += points;
      moved = -points;
      break;
    case event::RedemptionPhase::reserve:
      record.rare.edit().reservations.push_back({key, points});
      record.reserved += points;
      moved = -points;
      break;
    case event::RedemptionPhase::capture:
      points = close_reservation(record, key);
      record.redeemed_points += points;
      break;
    case event::RedemptionPhase::release:
      points = close_reservation(record, key);
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
    return {Verdict::refused, Errc::out_of_range, "points"};
  }
  const std::int64_t after = record.balance + adjustment.points;
  if (after > balance_max || after < -balance_max) {
    return {Verdict::refused, Errc::out_of_range, "points"};
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
