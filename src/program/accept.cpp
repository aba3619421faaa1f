#include "accept.hpp"

#include <algorithm>

#include "delivery.hpp"
#include "tier.hpp"

namespace fealty::program {

void begin(Change& change, const event::Event& event) {
  settle_level(change);
  member::Record& record = change.record;
  remember(record, event, change.effects);
  const Day day = change.series.day(event.time);
  record.first_day = std::min(record.first_day, day);
  record.last_day = change.today;
  record.last_time = std::max(record.last_time, event.time);
}

bool has_room(const member::Record& record, std::int64_t points) {
  return balance_has_room(record, points) && record.lifetime_points <= balance_max - points;
}

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

}  // namespace fealty::program
