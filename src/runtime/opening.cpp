#include "fealty/runtime/opening.hpp"

#include <algorithm>
#include <future>
#include <limits>
#include <string>
#include <utility>

#include "fealty/log/log.hpp"
#include "restore_visitor.hpp"

namespace fealty::runtime {
namespace {

constexpr std::chrono::seconds outrun_wait{10};
constexpr std::chrono::seconds stalled_after{1};

/// What was adopted must still be given, unchanged; what is new must not judge days that are past.
Result<void> generations_fit(const ports::Checkpoint& saved, const MembersContext& context) {
  const auto of_version = [](std::span<const ports::Generation> all, std::uint32_t version) {
    return std::find_if(all.begin(), all.end(),
                        [&](const ports::Generation& one) { return one.version == version; });
  };
  const std::span<const ports::Generation> given = context.generations;
  for (const ports::Generation& adopted : saved.generations) {
    const auto same = of_version(given, adopted.version);
    if (same != given.end() && same->fingerprint == adopted.fingerprint &&
        same->valid_from == adopted.valid_from) {
      continue;
    }
    const std::string version = "version " + std::to_string(adopted.version);
    return Error{Errc::wrong_program, "state",
                 same == given.end()
                     ? "the state goes by " + version +
                           " of the program, which is not given: name its file, too (a copy lies "
                           "beside the state)"
                     : "the state goes by another " + version +
                           " of the program: what may change an outcome must be a further version "
                           "with a valid_from to come. Give the file as it was (a copy lies beside "
                           "the state), or replay into an empty state directory"};
  }
  const std::span<const ports::Generation> known = saved.generations;
  const Day today = saved.recorded_clock.now == EventTime{}
                        ? std::numeric_limits<Day>::min()
                        : context.topology.day(saved.recorded_clock.now);
  for (const ports::Generation& one : given) {
    if (of_version(known, one.version) != known.end()) continue;
    if (auto ahead = is_ahead(one, known, today); !ahead) return ahead;
  }
  return {};
}

}  // namespace

Result<void> is_ahead(const ports::Generation& fresh, std::span<const ports::Generation> adopted,
                      Day today) {
  const std::string version = "version " + std::to_string(fresh.version);
  if (!adopted.empty() && fresh.version < adopted.back().version) {
    return Error{Errc::wrong_program, "program",
                 version + " is older than version " + std::to_string(adopted.back().version) +
                     ", by which the members go already: give it a higher version"};
  }
  if (adopted.empty() || fresh.valid_from > today) return {};
  const std::string from = fresh.valid_from == std::numeric_limits<Day>::min()
                               ? std::string{"has no valid_from"}
                               : "is valid from " + to_iso_date(fresh.valid_from);
  return Error{Errc::wrong_program, "program",
               version + " " + from + ", but the clock stands at " + to_iso_date(today) +
                   ": a generation can only be adopted before its first day. State a later "
                   "valid_from; a correction of the past is a replay under the changed program"};
}

Opening::Opening(ports::Assignment assignment, std::unique_ptr<ports::MemberStore> store,
                 ports::MemberStores& stores, ports::Changelog* changelog)
    : assignment_{std::move(assignment)},
      stores_{stores},
      changelog_{changelog},
      store_{std::move(store)} {}

Result<bool> Opening::step(std::chrono::milliseconds budget, const MembersContext& context) {
  if (!begun_) {
    if (auto done = begin(); !done) return done.error();
    begun_ = true;
    if (fills()) return false;  // Another may go before it.
  }
  if (reader_) {
    const auto read = restore(budget, context.options.clock.steady());
    if (!read || !*read) return read;
  }
  if (finishing()) {
    if (finished_.wait_for(budget) == std::future_status::timeout) return false;
    if (auto kept = finished_.get(); !kept) return kept.error();
  }
  auto found = store_->checkpoint();
  if (!found) return found.error();
  checkpoint_ = std::move(*found);
  if (changelog_ != nullptr && outrun(context)) return false;
  if (auto fits = check_fits(context); !fits) return fits.error();
  done_ = true;
  return true;
}

Result<void> Opening::begin() {
  if (!store_) {
    auto opened = stores_.open(assignment_.partition);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
  }
  if (changelog_ == nullptr) return {};
  const auto saved = store_->checkpoint();
  if (!saved) return saved.error();
  const std::uint64_t from = *saved ? (*saved)->changelog_position : 0;
  auto reader = changelog_->open(assignment_.partition, from);
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  return {};
}

Result<bool> Opening::restore(std::chrono::milliseconds budget, MachineClock::Steady now) {
  const std::uint64_t before = restored_;
  RestoreVisitor visitor{*store_, *reader_, restored_};
  const auto done = reader_->step(visitor, budget);
  if (!moved_ || restored_ != before) moved_ = now;
  stalled_ = now - *moved_ >= stalled_after;
  if (!done || !*done) return done;
  const std::uint64_t position = reader_->position();
  reader_.reset();
  if (restored_ > few) {
    // What is left to do is long, and needs no reader: the next partition may have the thread.
    finished_ = std::async(std::launch::async | std::launch::deferred,
                           [this, position] { return store_->restored(position); });
  } else if (auto kept = store_->restored(position); !kept) {
    return kept.error();
  }
  return true;
}

CommittedTo Opening::committed() const {
  if (assignment_.fresh && checkpoint_) return from_note(checkpoint_->committed, checkpoint_->note);
  return from_note(assignment_.committed, assignment_.note);
}

ports::Offset Opening::from() const {
  if (checkpoint_) return checkpoint_->recover_from;
  // Nothing saved. A group that has commits has state: it is computed again from the start.
  return assignment_.fresh ? assignment_.committed : 0;
}

/// The state is of a later commit than what the group said. As a rule this worker was away for
/// long, others have its partitions, and the source is about to tell: it gets the time to, once it
/// can.
bool Opening::outrun(const MembersContext& context) {
  if (!checkpoint_ || checkpoint_->committed <= committed().offset) return false;
  const auto now = context.options.clock.steady();
  if (!outrun_since_) {
    outrun_since_ = now;
    log::warn("partition.outrun", {{"partition", partition()},
                                   {"committed", committed().offset},
                                   {"saved", checkpoint_->committed}});
  }
  if (!context.source.reachable()) outrun_since_ = now;
  return now - *outrun_since_ < outrun_wait;
}

Result<void> Opening::check_fits(const MembersContext& context) const {
  if (!checkpoint_) return {};
  const ports::Checkpoint& saved = *checkpoint_;
  if (saved.program_id != context.options.program_id) {
    return Error{Errc::wrong_program, "state",
                 "the state was made with program '" + saved.program_id + "', not with this '" +
                     context.options.program_id +
                     "': start with that program, or replay into an empty state directory"};
  }
  if (auto fits = generations_fit(saved, context); !fits) return fits;
  if (saved.committed > committed().offset) {
    return Error{Errc::input_gap, "state",
                 "the state is ahead of its input: saved at position " +
                     std::to_string(saved.committed) + ", the input is committed up to " +
                     std::to_string(committed().offset) +
                     ": give the matching output or group, or an empty state directory"};
  }
  if (saved.recover_from != committed().offset &&
      saved.core_revision != context.topology.core_revision) {
    return Error{Errc::wrong_revision, "state",
                 "the state was not stopped cleanly and was made by core revision " +
                     std::to_string(saved.core_revision) + ", this is " +
                     std::to_string(context.topology.core_revision) +
                     ": start the old binary once and stop it with SIGTERM, then start this one"};
  }
  return {};
}

void Opening::log_opened() const {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun_at_);
  log::info("partition.opened", {{"partition", partition()},
                                 {"restored_records", restored_},
                                 {"recover_from", from()},
                                 {"committed", committed().offset},
                                 {"took_ms", std::int64_t{took.count()}}});
}

}  // namespace fealty::runtime
