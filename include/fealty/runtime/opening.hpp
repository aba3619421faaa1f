#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <span>

#include "fealty/ports/input.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/ports/output.hpp"
#include "fealty/runtime/members_context.hpp"
#include "fealty/runtime/timeline.hpp"

namespace fealty::runtime {

/// Refuses a generation that would judge days that are past, `today` being the clock's, or come
/// between those adopted.
Result<void> is_ahead(const ports::Generation& fresh, std::span<const ports::Generation> adopted,
                      Day today);

/// A partition on its way in: its store is opened and brought up to its changelog, some at a time,
/// and what it says is checked. One procedure for start, crash, takeover, abort and an empty disk.
///
/// Owns:    the store until it is taken, and the pass over the changelog.
/// Threads: one; the end of a long restore is on another, which the destructor waits for.
/// Errors:  the store's and the changelog's; wrong_program, wrong_revision, input_gap where the
///          state does not go with program, binary or input.
class Opening {
 public:
  /// `store`: of a partition that is restarted; nullptr = to be opened. `changelog` may be nullptr.
  Opening(ports::Assignment assignment, std::unique_ptr<ports::MemberStore> store,
          ports::MemberStores& stores, ports::Changelog* changelog);

  [[nodiscard]] std::uint32_t partition() const { return assignment_.partition; }
  /// Goes on for about `budget`; true once it is done.
  Result<bool> step(std::chrono::milliseconds budget, const MembersContext& context);

  [[nodiscard]] bool done() const { return done_; }
  /// It has much to restore, as it seems, and it comes: what waits for somebody's open transaction
  /// holds up nobody else.
  [[nodiscard]] bool fills() const {
    return !done_ && reader_ != nullptr && !stalled_ && (restored_ > few || reader_->left() > few);
  }
  /// Of much, all was read: on a thread aside its store makes a whole of it.
  [[nodiscard]] bool finishing() const { return finished_.valid(); }
  // Once it is done:
  [[nodiscard]] const std::optional<ports::Checkpoint>& checkpoint() const { return checkpoint_; }
  /// What was committed, by the group or, where that has forgotten, by the changelog.
  [[nodiscard]] CommittedTo committed() const;
  /// Where its own records begin.
  [[nodiscard]] ports::Offset from() const;
  std::unique_ptr<ports::MemberStore> take_store() { return std::move(store_); }
  void log_opened() const;

 private:
  static constexpr std::uint64_t few = 10'000;  // records
  Result<void> begin();
  Result<bool> restore(std::chrono::milliseconds budget, MachineClock::Steady now);
  bool outrun(const MembersContext& context);
  Result<void> check_fits(const MembersContext& context) const;

  const ports::Assignment assignment_;
  ports::MemberStores& stores_;
  ports::Changelog* const changelog_;
  std::unique_ptr<ports::MemberStore> store_;
  std::unique_ptr<ports::Changelog::Reader> reader_;
  std::future<Result<void>> finished_;  // waited for before the store goes
  std::optional<ports::Checkpoint> checkpoint_;
  std::uint64_t restored_ = 0;                 // records
  std::optional<MachineClock::Steady> moved_;  // when the last of them came
  bool stalled_ = false;                       // long ago
  bool begun_ = false, done_ = false;
  std::optional<MachineClock::Steady> outrun_since_;
  const std::chrono::steady_clock::time_point begun_at_ = std::chrono::steady_clock::now();
};

}  // namespace fealty::runtime
