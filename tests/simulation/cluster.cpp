#include "cluster.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"
#include "fealty/state/memory_store.hpp"

namespace fealty::simulation {

std::string_view name(Bug bug) {
  switch (bug) {
    case Bug::none:
      return "none";
    case Bug::commit_before_produce:
      return "commit_before_produce";
    case Bug::committed_one_more:
      return "committed_one_more";
    case Bug::committed_one_less:
      return "committed_one_less";
    case Bug::producer_kept:
      return "producer_kept";
    case Bug::outcome_guessed:
      return "outcome_guessed";
    case Bug::page_cursor_not_saved:
      return "page_cursor_not_saved";
    case Bug::no_rewind:
      return "no_rewind";
    case Bug::open_transactions_read:
      return "open_transactions_read";
    case Bug::unstable_offsets_taken:
      return "unstable_offsets_taken";
    case Bug::any_generation:
      return "any_generation";
    case Bug::store_before_commit:
      return "store_before_commit";
    case Bug::checkpoint_of_another_commit:
      return "checkpoint_of_another_commit";
    case Bug::advances_not_recorded:
      return "advances_not_recorded";
    case Bug::refusals_not_recorded:
      return "refusals_not_recorded";
    case Bug::tombstones_ignored:
      return "tombstones_ignored";
    case Bug::packs_keyed_alike:
      return "packs_keyed_alike";
    case Bug::timers_not_stored:
      return "timers_not_stored";
    case Bug::generation_adopted_twice:
      return "generation_adopted_twice";
  }
  return "?";
}

std::vector<Bug> planted_bugs() {
  std::vector<Bug> bugs;
  for (auto i = 1; name(static_cast<Bug>(i)) != "?"; ++i) bugs.push_back(static_cast<Bug>(i));
  return bugs;
}

Cluster::Cluster(World& world, ClusterOptions options, Bug bug)
    : world_{world},
      options_{options},
      bug_{bug},
      topics_{options_.partitions},
      group_{world, options_.partitions, options_.group},
      transactions_{world, topics_, group_, options_.transactions},
      seen_(options_.partitions) {
  transactions_.any_generation = bug == Bug::any_generation;
}

void Cluster::tick() {
  while (!underway_.empty() && underway_.begin()->first <= world_.now()) {
    const auto request = std::move(underway_.begin()->second);
    underway_.erase(underway_.begin());
    request();
  }
  transactions_.tick();
  group_.tick();
  if (calm_) return;
  if (world_.one_in(options_.compact_every)) compact();
  if (world_.one_in(options_.retain_every)) retain();
  if (group_.empty() && world_.one_in(options_.expire_every)) expire(any_partition());
  if (world_.one_in(options_.shuffle_every)) group_.shuffle();
}

/// Some of the changelog, as the cleaner comes by. Tombstones stay: no store is out of use for as
/// long as brokers keep them.
void Cluster::compact() {
  PartitionLog& log = topics_.changelog(any_partition());
  log.compact(world_.pick(log.stable() + 1), 0);
}

std::optional<ports::Checkpoint> Cluster::last_checkpoint(std::uint32_t partition) {
  PartitionLog& log = topics_.changelog(partition);
  const LogRecord* last = nullptr;
  for (const LogRecord* record = log.next(0, log.stable()); record != nullptr;
       record = log.next(record->offset + 1, log.stable())) {
    if (record->key == "c") last = record;
  }
  if (last == nullptr) return std::nullopt;
  state::MemoryStore reader;
  const auto restored = reader.restore(last->key, last->value, 0);
  const auto kept = reader.restored(0);
  auto checkpoint = reader.checkpoint();
  check(restored && kept && checkpoint, "a committed checkpoint can be read");
  return *checkpoint;
}

void Cluster::look_at(std::uint32_t partition) {
  auto now = last_checkpoint(partition);
  if (!now) return;
  ports::Checkpoint& before = seen_[partition];
  const auto wrong = [&](const char* what) {
    wrong_ = "the checkpoint of partition " + std::to_string(partition) + ": " + what;
  };
  if (now->committed < before.committed) wrong("committed turns back");
  if (now->recover_from < before.recover_from) wrong("recover_from turns back");
  if (now->recover_from > now->committed) wrong("recover_from lies ahead of committed");
  const auto& adopted = before.generations;
  if (adopted.size() > now->generations.size() ||
      !std::equal(adopted.begin(), adopted.end(), now->generations.begin())) {
    wrong("generations that were adopted are others now");
  }
  before = std::move(*now);
}

std::string Cluster::inspect() {
  for (std::uint32_t p = 0; p < options_.partitions; ++p) look_at(p);
  return wrong_;
}

/// Of the input, no further than the last committed checkpoint allows.
void Cluster::retain() {
  const std::uint32_t partition = any_partition();
  look_at(partition);
  const Offset needed = seen_[partition].recover_from;
  PartitionLog& log = topics_.input(partition);
  if (needed > log.low()) log.retain_from(log.low() + world_.pick(needed - log.low() + 1));
}

/// A group that nobody is in forgets offsets that are old enough.
void Cluster::expire(std::uint32_t partition) {
  if (!group_.deserted() || transactions_.unstable(partition)) return;
  if (!last_checkpoint(partition) || group_.offset_of(partition) == nullptr) return;
  group_.expire(partition);
  ++expired_;
}

void Cluster::calm() {
  calm_ = true;
  if (options_.expire_every == 0) return;
  for (std::uint32_t p = 0; p < options_.partitions; ++p) {
    if (world_.one_in(2)) expire(p);
  }
}

}  // namespace fealty::simulation
