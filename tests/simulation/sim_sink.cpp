#include "sim_sink.hpp"

#include <algorithm>
#include <utility>

#include "commit_mark.hpp"
#include "fealty/base/check.hpp"

namespace fealty::simulation {

SimSink::SimSink(Trouble& process, std::string transactional_id, std::string token,
                 PreparedTicks& ticks)
    : process_{process},
      transactional_id_{std::move(transactional_id)},
      token_prefix_{std::move(token)},
      prepared_{ticks},
      changelog_next_(process.cluster().options().partitions, 0) {}

Result<void> SimSink::open() {
  check(!open_, "a producer with an open transaction must be given up first");
  producer_.reset();
  auto producer = std::make_unique<SimProducer>(process_, transactional_id_,
                                                process_.cluster().options().partitions);
  if (auto done = producer->init(); !done) return done;
  producer_ = std::move(producer);
  return {};
}

Result<void> SimSink::begin() {
  if (open_) return {};
  if (producer_ == nullptr) {
    if (auto done = open(); !done) return done;
  }
  if (auto done = producer_->begin(); !done) return done;
  open_ = true;
  return {};
}

Result<void> SimSink::append(const ports::OutputBuffer& out) {
  if (out.empty()) return {};
  if (process_.cluster().bug() == Bug::commit_before_produce) {
    for (const auto& item : out.items()) {
      held_back_.add(item.stream, item.partition, out.key(item), out.value(item));
    }
    return begin();
  }
  if (auto done = begin(); !done) return done;
  auto done = producer_->produce(out);
  if (done || done.error().code == Errc::fenced) return done;
  if (auto dropped = drop_transaction(); !dropped) return dropped;
  return done;
}

Result<void> SimSink::commit(std::span<ports::CommitPosition> positions) {
  ticks_.clear();
  if (!prepared_.empty()) {
    ticks_ = std::move(prepared_.front());
    prepared_.pop_front();
  }
  if (!open_ && changes_nothing(positions)) {
    fill(positions);
    return {};
  }
  ++commits_;
  auto done = try_commit(positions);
  if (!done) done = commit_failed(done.error(), positions);
  if (!done) return done;
  open_ = false;
  if (process_.cluster().bug() == Bug::commit_before_produce) {
    if (done = commit_before_produce(positions); !done) return done;
  }
  fill(positions);
  for (const auto& position : positions) committed_[position.partition] = position;
  return {};
}

Result<void> SimSink::commit_before_produce(Positions positions) {
  const ports::OutputBuffer out = std::exchange(held_back_, {});
  if (auto done = begin(); !done) return done;
  if (auto done = producer_->produce(out); !done) return done;
  if (auto done = producer_->commit(); !done) return done;
  open_ = false;
  note_acks(positions);
  return {};
}

void SimSink::fill(std::span<ports::CommitPosition> positions) const {
  for (auto& position : positions) {
    position.changelog_position = changelog_next_.at(position.partition);
  }
}

Result<void> SimSink::try_commit(Positions positions) {
  if (auto done = begin(); !done) return done;
  if (!positions.empty()) {
    if (auto sent = producer_->send_offsets(offsets_of(positions)); !sent) return sent;
  }
  if (auto done = producer_->commit(); !done) return done;
  note_acks(positions);
  return {};
}

Result<void> SimSink::commit_failed(const Error& error, Positions positions) {
  switch (error.code) {
    case Errc::fenced:
      open_ = false;
      return error;
    case Errc::transaction_aborted:
      if (producer_ != nullptr && producer_->timed_out()) return resolve(error, positions);
      if (auto dropped = drop_transaction(); !dropped) return dropped;
      return error;
    default:
      return resolve(error, positions);
  }
}

Result<void> SimSink::resolve(const Error& why, Positions positions) {
  ++unsure_;
  open_ = false;
  const Bug bug = process_.cluster().bug();
  if (producer_ != nullptr) note_acks(positions);
  if (bug == Bug::outcome_guessed) return open();
  if (bug == Bug::producer_kept) {
    if (producer_ != nullptr) producer_->pretend_ended();
  } else if (auto done = open(); !done) {
    return done;
  }
  const auto committed = went_through(positions);
  if (!committed) return committed.error();
  if (*committed) return {};
  return Error{Errc::transaction_aborted, "simulated", why.detail};
}

Result<bool> SimSink::went_through(Positions positions) {
  if (positions.empty()) return false;
  const Millis deadline = process_.world().now() + commit_timeout;
  while (true) {
    process_.at(Call::ask);
    std::vector<kafka::CommittedAnswer> answers;
    for (const auto& position : positions) {
      kafka::CommittedAnswer answer;
      const GroupOffset* const found = process_.cluster().group().offset_of(position.partition);
      if (process_.cluster().transactions().unstable(position.partition)) {
        answer.error = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
      } else if (found != nullptr) {
        answer.metadata = found->metadata;
      }
      answers.push_back(answer);
    }
    const auto outcome = kafka::outcome_of(answers, token());
    if (outcome != kafka::CommitOutcome::unknown) {
      return outcome == kafka::CommitOutcome::committed;
    }
    if (process_.world().now() > deadline) {
      return Error{Errc::broker_unreachable, "simulated", "committed offsets"};
    }
    process_.world().sleep(20);
  }
}

Result<void> SimSink::abort() {
  if (!open_) return {};
  return drop_transaction();
}

Result<void> SimSink::drop_transaction() {
  open_ = false;
  held_back_.clear();
  if (producer_ == nullptr) return {};
  if (!producer_->timed_out()) {
    auto done = producer_->abort();
    if (done || done.error().code == Errc::fenced) return done;
  }
  return open();
}

bool SimSink::changes_nothing(Positions positions) const {
  return std::all_of(
      positions.begin(), positions.end(), [&](const ports::CommitPosition& position) {
        const auto known = committed_.find(position.partition);
        return known != committed_.end() && known->second.committed == position.committed &&
               known->second.note == position.note;
      });
}

std::string SimSink::token() const { return token_prefix_ + "-" + std::to_string(commits_); }

std::map<std::uint32_t, GroupOffset> SimSink::offsets_of(Positions positions) const {
  const Bug bug = process_.cluster().bug();
  std::map<std::uint32_t, GroupOffset> offsets;
  for (const auto& position : positions) {
    const std::string note = bug == Bug::page_cursor_not_saved ? "" : position.note;
    GroupOffset& offset = offsets[position.partition];
    offset.offset = position.committed;
    if (bug == Bug::committed_one_more) ++offset.offset;
    if (bug == Bug::committed_one_less && offset.offset > 0) --offset.offset;
    offset.metadata = kafka::to_metadata({token(), note});
    if (const auto at = ticks_.find(position.partition); at != ticks_.end()) {
      offset.ticks = at->second;
    }
  }
  return offsets;
}

void SimSink::note_acks(Positions positions) {
  for (const auto& position : positions) {
    changelog_read(position.partition, producer_->changelog_next(position.partition));
  }
}

void SimSink::changelog_read(std::uint32_t partition, std::uint64_t next) {
  auto& known = changelog_next_.at(partition);
  known = std::max(known, next);
}

}  // namespace fealty::simulation
