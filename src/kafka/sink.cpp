#include "sink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>
#include <vector>

#include "commit_mark.hpp"
#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"
#include "membership.hpp"

namespace fealty::kafka {

namespace {

std::string random_token() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

}  // namespace

KafkaSink::KafkaSink(const KafkaOptions& options, const Client& consumer, const InputTable& inputs,
                     std::uint32_t partitions)
    : options_{options},
      consumer_{consumer},
      inputs_{inputs},
      partitions_{partitions},
      token_prefix_{random_token()},
      changelog_next_(partitions, 0) {}

Result<void> KafkaSink::open(Deadline deadline) {
  check(!open_, "a producer with an open transaction must be given up first");
  producer_.reset();  // Two of one id in this process would fence each other.
  auto producer = Producer::open(options_, partitions_, deadline, interrupted_);
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  return {};
}

Result<void> KafkaSink::begin() {
  if (open_) return {};
  if (producer_ == nullptr) {
    if (auto done = patiently([&] { return open(attempt()); }); !done) return done;
  }
  if (auto done = producer_->begin(); !done) return done;
  open_ = true;
  return {};
}

Result<void> KafkaSink::append(const ports::OutputBuffer& out) {
  if (out.empty()) return {};
  if (auto done = begin(); !done) return done;
  auto done = producer_->produce(out);
  producer_->poll();
  if (done || done.error().code == Errc::fenced) return done;
  // The rest of this commit cannot follow: whatever the reason, nothing of it may become visible.
  if (auto dropped = drop_transaction(); !dropped) return dropped;
  return done.error().code == Errc::transaction_aborted ? named(done.error()) : done;
}

/// Once is chance. Again, a topic that is gone is the likely reason, and the transaction's error
/// names any of the others as well.
Result<void> KafkaSink::named(Error aborted) {
  if (++aborted_in_row_ < 2 || producer_ == nullptr || interrupted_) return aborted;
  if (const std::string missing = producer_->missing_topics(); !missing.empty()) {
    aborted.field = "kafka.topics";
    aborted.detail = fmt::format("there is no topic {}: {}", missing, aborted.detail);
  }
  return aborted;
}

void KafkaSink::interrupt() {
  {
    const std::lock_guard lock{mutex_};
    interrupted_ = true;
  }
  interruption_.notify_all();
}

/// How long brokers are asked at a time: where they are waited for, not for long, so that an
/// interruption is seen.
Deadline KafkaSink::attempt() const {
  constexpr std::chrono::milliseconds while_waiting{5000};
  return Deadline{options_.broker_wait.count() == 0
                      ? options_.commit_timeout
                      : std::min(options_.commit_timeout, while_waiting)};
}

/// Calls again for as long as the brokers are away and are to be waited for.
template <class Call>
auto KafkaSink::patiently(Call&& call) -> decltype(call()) {
  const auto since = std::chrono::steady_clock::now();
  while (true) {
    auto done = call();
    if (done || done.error().code != Errc::broker_unreachable ||
        !wait_for_brokers(since, done.error())) {
      return done;
    }
  }
}

bool KafkaSink::wait_for_brokers(std::chrono::steady_clock::time_point since, const Error& why) {
  constexpr std::chrono::milliseconds between{500};
  const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - since);
  if (away >= options_.broker_wait) return false;
  constexpr std::chrono::seconds between_lines{30};
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ >= between_lines) {
    told_ = now;
    log::warn("kafka.waiting", {{"away_ms", std::int64_t{away.count()}}, {"reason", why.detail}});
  }
  std::unique_lock lock{mutex_};
  return !interruption_.wait_for(lock, between, [this] { return interrupted_.load(); });
}

Result<void> KafkaSink::commit(std::span<ports::CommitPosition> positions) {
  if (!open_ && changes_nothing(positions)) {
    fill(positions);
    return {};
  }
  ++commits_;
  auto done = try_commit(positions, Deadline{options_.commit_timeout});
  if (!done) done = commit_failed(done.error(), positions);
  if (!done && done.error().code == Errc::transaction_aborted) return named(done.error());
  if (!done) return done;
  open_ = false;
  aborted_in_row_ = 0;
  fill(positions);
  const std::lock_guard lock{mutex_};
  for (const auto& position : positions) committed_[position.partition] = position;
  return {};
}

void KafkaSink::fill(std::span<ports::CommitPosition> positions) const {
  if (inputs_.several()) return;  // What they read back has partitions of its own.
  const std::lock_guard lock{mutex_};
  for (auto& position : positions) {
    position.changelog_position = changelog_next_.at(position.partition);
  }
}

Result<void> KafkaSink::try_commit(std::span<const ports::CommitPosition> positions,
                                   Deadline deadline) {
  if (auto done = begin(); !done) return done;
  if (!positions.empty()) {
    // Fetched right before it is used: a rebalance changes it.
    GroupHandle group{rd_kafka_consumer_group_metadata(consumer_.get())};
    check(group != nullptr, "the sink's consumer has a group");
    auto sent = producer_->send_offsets(offsets_of(positions), std::move(group), deadline);
    if (!sent) return sent;
  }
  if (auto done = producer_->commit(deadline); !done) return done;
  note_acks(positions);
  return {};
}

Result<void> KafkaSink::commit_failed(Error error,
                                      std::span<const ports::CommitPosition> positions) {
  switch (error.code) {
    case Errc::fenced:
    case Errc::broker_refused:  // Asked what became of it, they would refuse again: the run ends.
      open_ = false;
      return error;
    case Errc::transaction_aborted:
      // It may have been committed before it was too old: the answer to that was lost, then.
      if (producer_ != nullptr && producer_->timed_out()) return resolve(error, positions);
      if (auto dropped = drop_transaction(); !dropped) return dropped;
      return error;
    default:
      return resolve(error, positions);
  }
}

// The outcome is unknown. A new producer of the same id makes the broker finish or abort what was
// under way before it answers; then the group's committed offsets tell which of both it was.
Result<void> KafkaSink::resolve(const Error& why,
                                std::span<const ports::CommitPosition> positions) {
  log::warn("kafka.commit_unknown", {{"reason", why.detail}});
  open_ = false;
  if (producer_ != nullptr) note_acks(positions);  // Complete where the commit was even sent.
  if (auto done = reopen(); !done) return done;
  const auto committed = patiently([&] { return went_through(positions, attempt()); });
  if (!committed) return committed.error();
  log::info("kafka.commit_resolved", {{"committed", *committed ? "yes" : "no"}});
  if (*committed) return {};
  return Error{Errc::transaction_aborted, "kafka", why.detail};
}

Result<bool> KafkaSink::went_through(std::span<const ports::CommitPosition> positions,
                                     Deadline deadline) const {
  if (positions.empty()) return false;  // Nothing comes again that could be there twice.
  const std::string what = "committed offsets of group " + options_.group;
  while (true) {
    // Without the metadata sent: what is found must have come from the group.
    const PartitionList found{
        rd_kafka_topic_partition_list_new(static_cast<int>(positions.size()))};
    for (const auto& position : positions) {
      const auto place = inputs_.place_of(position.partition);
      rd_kafka_topic_partition_list_add(found.get(), place.topic.c_str(),
                                        static_cast<std::int32_t>(place.partition));
    }
    const auto code = rd_kafka_committed(consumer_.get(), found.get(), deadline.left_ms(5000) + 1);
    std::vector<CommittedAnswer> answers;
    rd_kafka_resp_err_t why = code;
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < found->cnt; ++i) {
      const auto& entry = found->elems[i];
      answers.push_back({entry.err, metadata_of(entry)});
      if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) why = entry.err;
    }
    const CommitOutcome outcome = outcome_of(answers, token());
    if (outcome != CommitOutcome::unknown) return outcome == CommitOutcome::committed;
    if (refusal(why)) return broker_error(why, what);
    if (deadline.passed() || interrupted_) {
      return Error{Errc::broker_unreachable, "kafka",
                   fmt::format("{}: {}", what, rd_kafka_err2str(why))};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{deadline.left_ms(20)});
  }
}

Result<void> KafkaSink::abort() {
  if (!open_) return {};
  return drop_transaction();
}

// Nothing of an open transaction was asked to be committed, so this always ends with it dropped:
// by an abort, or else by the producer that comes next.
Result<void> KafkaSink::drop_transaction() {
  open_ = false;
  if (producer_ == nullptr) return {};
  if (!producer_->timed_out()) {
    auto done = producer_->abort(Deadline{options_.commit_timeout});
    if (done || done.error().code == Errc::fenced) return done;
    log::warn("kafka.abort_failed", {{"reason", done.error().detail}});
  }
  return reopen();
}

/// Another producer in place of one that is of no more use. Not where this worker itself has been
/// replaced, after a long sleep, say: its successor would be fenced.
Result<void> KafkaSink::reopen() {
  return patiently([&]() -> Result<void> {
    const Deadline deadline = attempt();
    // librdkafka (2.0) does not bear to be asked about a group again and again with nobody there.
    if (!answers(consumer_, deadline.left_ms(1000))) {
      return Error{Errc::broker_unreachable, "kafka.brokers", "no answer from " + options_.brokers};
    }
    if (replaced_in_group(consumer_, options_, deadline)) {
      return Error{Errc::fenced, "kafka.group_instance",
                   fmt::format("another worker uses {}", options_.group_instance)};
    }
    return open(deadline);
  });
}

bool KafkaSink::changes_nothing(std::span<const ports::CommitPosition> positions) const {
  const std::lock_guard lock{mutex_};
  return std::all_of(
      positions.begin(), positions.end(), [&](const ports::CommitPosition& position) {
        const auto known = committed_.find(position.partition);
        return known != committed_.end() && known->second.committed == position.committed &&
               known->second.note == position.note;
      });
}

std::string KafkaSink::token() const { return fmt::format("{}-{}", token_prefix_, commits_); }

PartitionList KafkaSink::offsets_of(std::span<const ports::CommitPosition> positions) const {
  PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(positions.size()))};
  for (const auto& position : positions) {
    const auto place = inputs_.place_of(position.partition);
    auto* entry = rd_kafka_topic_partition_list_add(list.get(), place.topic.c_str(),
                                                    static_cast<std::int32_t>(place.partition));
    entry->offset = static_cast<std::int64_t>(position.committed);
    const std::string metadata = to_metadata({token(), position.note});
    entry->metadata = rd_kafka_mem_malloc(nullptr, metadata.size());  // The list frees it.
    std::copy(metadata.begin(), metadata.end(), static_cast<char*>(entry->metadata));
    entry->metadata_size = metadata.size();
  }
  return list;
}

void KafkaSink::note_acks(std::span<const ports::CommitPosition> positions) {
  if (inputs_.several()) return;
  for (const auto& position : positions) {
    changelog_read(position.partition, producer_->changelog_acked(position.partition));
  }
}

void KafkaSink::forget(std::uint32_t partition) {
  const std::lock_guard lock{mutex_};
  committed_.erase(partition);
}

void KafkaSink::changelog_read(std::uint32_t partition, std::uint64_t next) {
  const std::lock_guard lock{mutex_};
  auto& known = changelog_next_.at(partition);
  known = std::max(known, next);
}

}  // namespace fealty::kafka
