#include "fealty/runtime/opening.hpp"

#include <utility>

#include "fealty/log/log.hpp"

namespace fealty::runtime {
namespace {

/// Carries changelog records into a store.
class Restore final : public ports::Changelog::Visitor {
 public:
  Restore(ports::MemberStore& store, std::uint64_t& records) : store_{store}, records_{records} {}
  Result<void> apply(std::string_view key, std::string_view value) override {
    ++records_;
    return store_.restore(key, value, 0);
  }

 private:
  ports::MemberStore& store_;
  std::uint64_t& records_;
};

std::string quoted(const std::string& id, std::uint32_t version) {
  return "'" + id + "' version " + std::to_string(version);
}

}  // namespace

Opening::Opening(ports::Assignment assignment, std::unique_ptr<ports::MemberStore> store,
                 ports::MemberStores& stores, ports::Changelog* changelog)
    : assignment_{std::move(assignment)},
      stores_{stores},
      changelog_{changelog},
      restart_{store != nullptr},
      store_{std::move(store)} {}

Result<bool> Opening::step(std::chrono::milliseconds budget, const MembersContext& context) {
  if (!begun_) {
    if (auto done = begin(); !done) return done.error();
    begun_ = true;
  }
  if (reader_) {
    const auto restored = restore(budget);
    if (!restored || !*restored) return restored;
  }
  auto found = store_->checkpoint();
  if (!found) return found.error();
  checkpoint_ = std::move(*found);
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

Result<bool> Opening::restore(std::chrono::milliseconds budget) {
  Restore visitor{*store_, restored_};
  const auto done = reader_->step(visitor, budget);
  if (!done || !*done) return done;
  const std::uint64_t position = reader_->position();
  reader_.reset();
  if (restored_ == 0) return true;
  if (auto kept = store_->restored(position); !kept) return kept.error();
  return true;
}

CommittedTo Opening::committed() const {
  // A restart did not ask the group again. Another worker, who has the partition by now, may have
  // committed since; the changelog knows, and the group will tell.
  const bool outdated = assignment_.fresh || (restart_ && changelog_ != nullptr);
  if (outdated && checkpoint_) return from_note(checkpoint_->committed, checkpoint_->note);
  return from_note(assignment_.committed, assignment_.note);
}

ports::Offset Opening::from() const {
  if (checkpoint_) return checkpoint_->recover_from;
  // Nothing saved. A group that has commits has state: it is computed again from the start.
  return assignment_.fresh ? assignment_.committed : 0;
}

Result<void> Opening::check_fits(const MembersContext& context) const {
  if (!checkpoint_) return {};
  const ports::Checkpoint& saved = *checkpoint_;
  const MembersOptions& now = context.options;
  if (saved.program_id != now.program_id || saved.program_fingerprint != now.program_fingerprint) {
    return Error{Errc::wrong_program, "state",
                 "the state was made with program " +
                     quoted(saved.program_id, saved.program_version) + ", not with this " +
                     quoted(now.program_id, now.program_version) +
                     ": start with that program, or replay into an empty state directory"};
  }
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
