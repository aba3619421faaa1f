#include "fealty/runtime/counters.hpp"

namespace fealty::runtime {

void Counters::add(const Counters& other) {
  records += other.records;
  applied += other.applied;
  duplicates += other.duplicates;
  skipped += other.skipped;
  deadlettered += other.deadlettered;
  wrong_keys += other.wrong_keys;
  recovered += other.recovered;
  members_new += other.members_new;
  points_issued += other.points_issued;
  points_redeemed += other.points_redeemed;
  points_reversed += other.points_reversed;
  ledger_entries += other.ledger_entries;
  for (std::size_t i = 0; i < notices.size(); ++i) notices[i] += other.notices[i];
  for (std::size_t i = 0; i < level_change.size(); ++i) level_change[i] += other.level_change[i];
  odd_fields.add(other.odd_fields);
  if (other.first_time != EventTime{} &&
      (first_time == EventTime{} || other.first_time < first_time)) {
    first_time = other.first_time;
  }
  if (other.last_time > last_time) last_time = other.last_time;
}

}  // namespace fealty::runtime
