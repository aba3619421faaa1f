#include "fealty/runtime/emitter.hpp"

#include <algorithm>

namespace fealty::runtime {
namespace {

std::size_t place_of(std::uint8_t level) {
  return std::min<std::size_t>(level, Counters::levels_max - 1);
}

}  // namespace

void Emitter::emit(const member::Effects& effects, std::string_view member,
                   ports::OutputBuffer& out) {
  for (const member::LedgerEntry& entry : effects.entries) {
    outputs_.ledger.encode(entry, member, out.start(outputs_.ledger.stream, partition_, member));
    out.finish();
    count(entry);
  }
  for (const member::Notice& notice : effects.notices) {
    outputs_.notices.encode(notice, member, out.start(outputs_.notices.stream, partition_, member));
    out.finish();
    ++counters_.notices[static_cast<std::size_t>(notice.type)];
  }
}

void Emitter::count(const member::LedgerEntry& entry) {
  ++counters_.ledger_entries;
  switch (entry.kind) {
    case member::EntryKind::earn:
      counters_.points_issued += entry.points;
      break;
    case member::EntryKind::reverse:
      counters_.points_reversed -= entry.points;
      break;
    case member::EntryKind::redeem:
    case member::EntryKind::reserve:
    case member::EntryKind::release:
      counters_.points_redeemed -= entry.points;
      break;
    case member::EntryKind::capture:
    case member::EntryKind::adjust:
      break;
  }
}

void Emitter::count_level(std::uint8_t before, std::uint8_t after) {
  --counters_.level_change[place_of(before)];
  ++counters_.level_change[place_of(after)];
}

void Emitter::count_new_member() {
  ++counters_.members_new;
  ++counters_.level_change[0];
}

}  // namespace fealty::runtime
