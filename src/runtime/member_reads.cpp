#include "fealty/runtime/member_reads.hpp"

#include <iterator>
#include <utility>

namespace fealty::runtime {
namespace {

/// Hosts bound what they ask for; this bounds all of them.
constexpr std::size_t incoming_max = 4096;
/// What waits for a partition is not worth a look at each batch.
constexpr std::chrono::milliseconds look_again_every{20};

Looked refusal(ports::ReadFailure why, std::string detail) {
  Looked looked;
  looked.refused = ports::ReadRefusal{why, std::move(detail)};
  return looked;
}

}  // namespace

void MemberReads::ask(ports::ReadRequest request, Done done) {
  bool closed = false;
  {
    const std::lock_guard lock{mutex_};
    closed = closed_;
    if (!closed && incoming_.size() < incoming_max) {
      incoming_.push_back({std::move(request), std::move(done)});
      asked_.store(true, std::memory_order_relaxed);
      return;
    }
  }
  done(closed ? refusal(ports::ReadFailure::stopping, "the worker stops")
              : refusal(ports::ReadFailure::busy, "too many reads wait for the worker"));
}

void MemberReads::close() {
  std::vector<Asked> left;
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    left.swap(incoming_);
    asked_.store(false, std::memory_order_relaxed);
  }
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(left));
  for (Held& held : held_) left.push_back(std::move(held.asked));
  waiting_.clear();
  held_.clear();
  for (Asked& asked : left) {
    asked.done(refusal(ports::ReadFailure::stopping, "the worker stops"));
  }
}

void MemberReads::take_asked(MachineClock::Steady now) {
  if (!asked_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock{mutex_};
  std::move(incoming_.begin(), incoming_.end(), std::back_inserter(waiting_));
  incoming_.clear();
  asked_.store(false, std::memory_order_relaxed);
  look_again_at_ = now;
}

void MemberReads::drop_overdue(MachineClock::Steady now) {
  std::erase_if(waiting_, [&](Asked& asked) {
    if (now < asked.request.deadline) return false;
    asked.done(refusal(ports::ReadFailure::busy,
                       asked.why_not.empty() ? "the worker did not come to it" : asked.why_not));
    return true;
  });
  std::erase_if(held_, [&](Held& held) {
    if (now < held.asked.request.deadline) return false;
    held.asked.done(
        refusal(ports::ReadFailure::busy, "what was seen is not committed yet: is the broker up?"));
    return true;
  });
}

void MemberReads::serve_some(MachineClock::Steady now, const Look& look) {
  take_asked(now);
  drop_overdue(now);
  if (waiting_.empty() || now < look_again_at_) return;
  look_again_at_ = now + look_again_every;
  std::vector<Asked> waiting;
  waiting.swap(waiting_);
  for (Asked& asked : waiting) {
    Looked looked;
    const Rests rests = look(asked.request, looked);
    if (rests == Rests::not_yet) {
      if (looked.refused) asked.why_not = std::move(looked.refused->detail);
      waiting_.push_back(std::move(asked));
    } else if (rests == Rests::committed) {
      asked.done(std::move(looked));
    } else {
      held_.push_back({std::move(asked), std::move(looked), rests == Rests::in_flight});
    }
  }
}

void MemberReads::prepared() {
  for (Held& held : held_) held.in_flight = true;
}

void MemberReads::committed() {
  std::erase_if(held_, [](Held& held) {
    if (!held.in_flight) return false;
    held.asked.done(std::move(held.looked));
    return true;
  });
}

void MemberReads::look_again() {
  for (Held& held : held_) waiting_.push_back(std::move(held.asked));
  held_.clear();
  look_again_at_ = {};
}

}  // namespace fealty::runtime
