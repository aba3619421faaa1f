#include "verdict.hpp"

#include <algorithm>
#include <cstdlib>

#include "fealty/base/printable.hpp"
#include "topology.hpp"

namespace fealty::simulation {

std::vector<std::string> Verdict::outputs() {
  std::vector<std::string> out;
  for (const Topic topic : {Topic::notices, Topic::ledger, Topic::deadletters}) {
    PartitionLog& log = cluster_.topics().at({topic, 0});
    for (const LogRecord* record = log.next(0, log.stable()); record != nullptr;
         record = log.next(record->offset + 1, log.stable())) {
      if (record->key != "noise") out.push_back(record->value);
    }
  }
  return out;
}

/// What there is to see; and of the dead letters those that a reader's clock made.
Seen Verdict::seen(Disk& disk, Refused& refused) {
  Seen all;
  const auto read = [&](Topic topic, auto&& take) {
    PartitionLog& log = cluster_.topics().at({topic, 0});
    for (const LogRecord* record = log.next(0, log.stable()); record != nullptr;
         record = log.next(record->offset + 1, log.stable())) {
      if (record->key != "noise") take(*record);
    }
  };
  read(Topic::notices, [&](const LogRecord& r) { all.notices[r.key].push_back(r.value); });
  read(Topic::ledger, [&](const LogRecord& r) { all.ledger[r.key].push_back(r.value); });
  read(Topic::deadletters, [&](const LogRecord& r) {
    all.deadletters.push_back(r.value);
    if (weather_.judge != Weather::Judge::reader) return;
    if (r.value.find("time_in_future") == std::string::npos) return;
    const std::size_t at = r.value.find("sim[");
    const char* const partition = r.value.c_str() + at + 4;
    const std::size_t offset_at = r.value.find("]@", at) + 2;
    refused.emplace(std::strtoul(partition, nullptr, 10),
                    std::strtoull(r.value.c_str() + offset_at, nullptr, 10));
  });
  std::sort(all.deadletters.begin(), all.deadletters.end());
  Rested rested;
  const SimProgram program{weather_.second_generation};
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    add_rested(program.topology(), *read_only(disk, p), rested);
  }
  if (failure_.empty()) failure_ = rested.failure;
  std::erase_if(rested.ledger, [](const auto& of) { return of.second.empty(); });
  if (failure_.empty() && rested.ledger != all.ledger) {
    Seen of_store, of_log;
    of_store.ledger = std::move(rested.ledger);
    of_log.ledger = all.ledger;
    failure_ = "the ledger in the stores is another one; " + difference(of_store, of_log);
  }
  all.members = std::move(rested.members);
  std::sort(all.members.begin(), all.members.end());
  return all;
}

/// What was saved and what the changelog makes of it, byte for byte: all but the store's own place
/// in the changelog, and a checkpoint, which each commit makes anew.
void Verdict::compare_disks(Disk& worked, Disk& restored) {
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    Disk::Pairs saved = worked.pairs(p), made = restored.pairs(p);
    for (const char* const own : {"p", "c"}) {
      saved.erase(own);
      made.erase(own);
    }
    if (saved == made) continue;
    const auto [a, b] = std::mismatch(saved.begin(), saved.end(), made.begin(), made.end());
    const bool first = b == made.end() || (a != saved.end() && a->first <= b->first);
    failure_ = "the changelog makes another store than was saved; partition " + std::to_string(p) +
               ", key " + printable(first ? a->first : b->first);
  }
}

/// For who looks at one seed.
void Verdict::tell_records() {
  for (const auto& [partition, ticks] : cluster_.group().ticks()) {
    for (const Tick& tick : ticks) {
      world_.tell("tick", partition, tick.position, to_rfc3339(tick.time));
    }
  }
  for (std::uint32_t p = 0; p < weather_.cluster.partitions; ++p) {
    PartitionLog& log = cluster_.topics().input(p);
    for (const LogRecord* record = log.next(0, log.high()); record != nullptr;
         record = log.next(record->offset + 1, log.high())) {
      world_.tell("record", p, record->offset, record->value);
    }
  }
}

void Verdict::tell_notices(const char* whose, const Seen& seen) {
  for (const auto& line : seen.deadletters) world_.tell(whose, "dead letter", line);
  for (const auto& [member, lines] : seen.notices) {
    for (const auto& line : lines) world_.tell(whose, member, line);
  }
}

std::string Verdict::of(Disk& worked, Disk& restored, StormStats& stats) {
  tell_records();
  failure_ = cluster_.inspect();
  if (failure_.empty()) compare_disks(worked, restored);
  if (failure_.empty()) compare(restored, stats);
  return failure_;
}

void Verdict::compare(Disk& restored, StormStats& stats) {
  Refused refused;
  const Seen got = seen(restored, refused);
  stats.refused = refused.size();
  for (const auto& [member, lines] : got.ledger) stats.entries += lines.size();
  if (!failure_.empty()) return;
  const CalmInput input{.topics = cluster_.topics(),
                        .ticks = cluster_.group().ticks(),
                        .refused = std::move(refused),
                        .append_time = weather_.judge == Weather::Judge::broker,
                        .future_ms_max = weather_.future_ms_max(),
                        .clock_jump_max = weather_.clock_jump_max,
                        .key_policy = weather_.key_policy,
                        .both_generations = weather_.second_generation};
  const CalmRun calm = run_calm(input);
  tell_notices("got", got);
  tell_notices("want", calm.seen);
  failure_ = calm.failure.empty() ? difference(got, calm.seen) : calm.failure;
}

}  // namespace fealty::simulation
