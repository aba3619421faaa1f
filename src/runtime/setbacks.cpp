#include "fealty/runtime/setbacks.hpp"

#include <algorithm>
#include <string>

#include "fealty/log/log.hpp"

namespace fealty::runtime {
namespace {

std::int64_t ms(Setbacks::Steady::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

Result<void> Setbacks::aborted(const Error& why, Steady now,
                               std::span<const ports::CommitPosition> tried, bool sent) {
  for (const auto& position : tried) {
    const auto last = committed_.find(position.partition);
    if (last != committed_.end() && position.committed > last->second) {
      held_up_.insert(position.partition);
    }
  }
  if (sent && held_up_.empty()) one_held_up_ = true;
  if (++aborts_ == 1) first_abort_ = now;
  const bool long_since = aborts_ >= unhealthy_aborts && now - first_abort_ >= policy_.aborting_max;
  if (aborts_ >= policy_.aborts_max || long_since) {
    return Error{why.code, why.field,
                 std::to_string(aborts_) + " commits in a row were aborted, within " +
                     std::to_string(ms(now - first_abort_) / 1000) +
                     " s; the last one: " + why.detail};
  }
  std::chrono::milliseconds wait{0};
  if (aborts_ > 1) {
    constexpr std::uint32_t doublings_max = 16;
    wait = std::min(policy_.backoff * (1U << std::min(aborts_ - 2, doublings_max)),
                    policy_.backoff_max);
  }
  until_ = now + wait;
  return {};
}

Result<void> Setbacks::away(const Error& why, Steady now) {
  if (away_since_ == Steady{}) away_since_ = now;
  if (now - away_since_ >= policy_.bus_wait) return why;
  open_at_ = now + policy_.between_tries;
  log::warn("run.waiting", {{"away_ms", ms(now - away_since_)}, {"reason", to_string(why)}});
  return {};
}

void Setbacks::committed(std::span<const ports::CommitPosition> positions) {
  for (const auto& position : positions) {
    event::Offset& last = committed_[position.partition];
    if (position.committed > last) {
      held_up_.erase(position.partition);
      one_held_up_ = false;
    }
    last = position.committed;
  }
  until_ = Steady{};
  if (held_up_.empty() && !one_held_up_) aborts_ = 0;
}

void Setbacks::moved() {
  committed_.clear();
  held_up_.clear();
  one_held_up_ = false;
}

}  // namespace fealty::runtime
