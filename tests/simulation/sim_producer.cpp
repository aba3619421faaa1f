#include "sim_producer.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/check.hpp"

namespace fealty::simulation {

Result<void> SimProducer::init() {
  const Millis deadline = process_.world().now() + commit_timeout;
  while (true) {
    process_.at(Call::init);
    if (const auto epoch = process_.cluster().transactions().init(producer_.id)) {
      producer_.epoch = *epoch;
      return {};
    }
    if (process_.world().now() > deadline) return no_answer("init_transactions");
    process_.world().sleep(20);
  }
}

Result<void> SimProducer::begin() {
  check(!in_transaction_, "one transaction at a time");
  in_transaction_ = true;
  begun_ = process_.world().now();
  return {};
}

/// As Producer::sorted() and replaced() tell them apart.
Result<void> SimProducer::answered(Answer answer, const char* what) {
  switch (answer) {
    case Answer::ok:
      return {};
    case Answer::concurrent:
      return no_answer(what);
    case Answer::refused:
      return Error{Errc::transaction_aborted, "simulated", what};
    case Answer::fenced:
      break;
  }
  const Millis open_for = process_.world().now() - begun_;
  if (in_transaction_ && open_for >= process_.cluster().transactions().timeout()) {
    timed_out_ = true;
    return Error{Errc::transaction_aborted, "simulated.transaction_timeout", what};
  }
  return Error{Errc::fenced, "simulated", what};
}

Error SimProducer::no_answer(const char* what) {
  return Error{Errc::broker_unreachable, "simulated", what};
}

Result<void> SimProducer::produce(const ports::OutputBuffer& out) {
  process_.at(Call::produce);
  for (const auto& item : out.items()) {
    const Topic topic = topic_of(item.stream);
    const std::uint32_t partition = topic == Topic::changelog ? item.partition : 0;
    const std::string_view key = out.key(item);
    unsent_.push_back(
        {{topic, partition}, std::string{key}, std::string{out.value(item)}, !key.empty()});
  }
  return flush(process_.world().pick(unsent_.size() + 1));
}

/// The first `count` of what is not sent yet. A producer tries again by itself: only a part may
/// have gone when it gives up.
Result<void> SimProducer::flush(std::size_t count) {
  const bool fails = process_.fate_of_request() == Fate::refused;
  if (fails) count = process_.world().pick(count + 1);
  const Millis deadline = process_.world().now() + commit_timeout;
  for (std::size_t i = 0; i < count;) {
    const Unsent& record = unsent_[i];
    Offset next = 0;
    const Answer answer = process_.cluster().transactions().append(
        producer_, record.place, record.key, record.keyed, record.value, &next);
    if (answer == Answer::concurrent) {
      if (process_.world().now() > deadline) break;
      process_.world().sleep(5);
      continue;
    }
    if (auto done = answered(answer, "produce"); !done) return done;
    if (record.place.topic == Topic::changelog) changelog_next_[record.place.partition] = next;
    ++i;
    if (i == count && !fails) {
      unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(count));
      return {};
    }
  }
  if (count == 0 && !fails) return {};
  return Error{Errc::transaction_aborted, "simulated", "produce"};
}

Result<void> SimProducer::send_offsets(const std::map<std::uint32_t, GroupOffset>& offsets) {
  if (auto sent = flush(unsent_.size()); !sent) return sent;
  // Who the member is, is asked right before it is told: a rebalance changes it.
  const Group::MemberId member = *process_.member();
  Group& group = process_.cluster().group();
  const int generation = group.generation(member);
  process_.at(Call::offsets);
  const Fate fate = process_.fate_of_request();
  if (fate == Fate::refused) return answered(Answer::refused, "send_offsets");
  if (fate != Fate::lost) {
    const Answer answer =
        process_.cluster().transactions().add_offsets(producer_, member, generation, offsets);
    if (auto done = answered(answer, "send_offsets"); !done) return done;
  }
  if (fate == Fate::done) return {};
  process_.world().sleep(commit_timeout);
  return no_answer("send_offsets");
}

Result<void> SimProducer::commit() {
  if (auto sent = flush(unsent_.size()); !sent) return sent;
  process_.at(Call::commit);
  auto& transactions = process_.cluster().transactions();
  const Fate fate = process_.fate_of_request();
  switch (fate) {
    case Fate::refused:
      return answered(Answer::refused, "commit_transaction");
    case Fate::lost:
      break;
    case Fate::late: {
      const Millis due =
          process_.world().now() + static_cast<Millis>(process_.world().pick(2 * commit_timeout));
      process_.cluster().later(due, [&transactions, producer = producer_] {
        static_cast<void>(transactions.end(producer, true));
      });
      break;
    }
    case Fate::done:
    case Fate::answer_lost:
      if (auto done = answered(transactions.end(producer_, true), "commit_transaction"); !done) {
        return done;
      }
      break;
  }
  process_.at(Call::committed);
  if (fate != Fate::done) {
    process_.world().sleep(commit_timeout);
    return no_answer("commit_transaction");
  }
  in_transaction_ = false;
  return {};
}

Result<void> SimProducer::abort() {
  process_.at(Call::abort);
  unsent_.clear();
  const Fate fate = process_.fate_of_request();
  if (fate != Fate::done) return no_answer("abort_transaction");
  const Answer answer = process_.cluster().transactions().end(producer_, false);
  if (auto done = answered(answer, "abort_transaction"); !done) return done;
  in_transaction_ = false;
  return {};
}

}  // namespace fealty::simulation
