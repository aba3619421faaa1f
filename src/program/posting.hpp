#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fealty/event/event.hpp"
#include "fealty/member/effects.hpp"
#include "fealty/member/record.hpp"
#include "fealty/program/series.hpp"

/// How a transition writes what it did: ledger entries and notices.
namespace fealty::program {

/// One transition under way. Borrows everything; lives as long as one call of apply().
struct Change {
  member::Record& record;
  const Series& series;
  const Program& program;  // the generation that the cause is judged by
  member::Effects& effects;
  event::Offset position = 0;
  std::string_view cause;  // event id
  std::string_view cause_source;
  member::CauseType cause_type = member::CauseType::none;
  EventTime time;  // of the cause
  Day today = 0;   // the later of the event's day and the member's last day
  std::size_t first_notice = 0;
  std::size_t first_entry = 0;
};

/// Whether `points` more keep balance and open reservations, which may come back, within
/// balance_max.
constexpr bool balance_has_room(const member::Record& record, std::int64_t points) {
  return record.balance + record.reserved <= balance_max - points;
}

/// Counters stop at their largest value.
constexpr void count_one(std::uint32_t& counter) {
  if (counter != UINT32_MAX) ++counter;
}

/// Moves the balance by `points` and writes the ledger entry, which borrows the texts: they live as
/// long as the effects. Precondition: the balance stays within +-balance_max.
member::LedgerEntry& post(Change& change, member::EntryKind kind, std::int64_t points,
                          std::string_view rule, std::string_view order_id,
                          std::string_view explanation);

/// A new notice.
member::Notice& notice(Change& change, member::NoticeType type, std::string_view rule);
/// A notice of a balance change: before, after, points. Adds balance.negative where it falls below
/// 0.
void points_notice(Change& change, member::NoticeType type, std::string_view rule,
                   std::int64_t before, std::int64_t points, std::string_view explanation);

}  // namespace fealty::program
