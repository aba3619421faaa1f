#include <fmt/format.h>

#include <algorithm>

#include "commit_mark.hpp"
#include "fealty/base/check.hpp"
#include "fealty/log/log.hpp"
#include "source.hpp"
#include "topics.hpp"

namespace fealty::kafka {

namespace {

// How long the brokers are asked at once for offsets that a transaction may hold back.
constexpr int ask_first_ms = 1000, ask_again_ms = 100;

std::span<rd_kafka_topic_partition_t> elements(const rd_kafka_topic_partition_list_t* list) {
  return {list->elems, static_cast<std::size_t>(list->cnt)};
}

/// No use in asking again.
bool lasting(rd_kafka_resp_err_t code) {
  return refusal(code) || broker_errc(code) == Errc::fenced;
}

}  // namespace

std::string KafkaSource::join(const std::vector<std::uint32_t>& partitions) const {
  if (!inputs_.several()) return fmt::format("{}", fmt::join(partitions, ","));
  std::vector<std::string> names;
  for (const auto id : partitions) names.push_back(inputs_.describe(id));
  return fmt::format("{}", fmt::join(names, ","));
}

void KafkaSource::note_rebalance(rd_kafka_resp_err_t code,
                                 rd_kafka_topic_partition_list_t* partitions) {
  const bool assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  ever_assigned_ = ever_assigned_ || assign;
  const bool lost = !assign && rd_kafka_assignment_lost(client_->get()) != 0;
  pending_.push_back({assign, lost, PartitionList{rd_kafka_topic_partition_list_copy(partitions)}});
  rd_kafka_yield(client_->get());  // Let poll() handle it now, not when its timeout ends.
}

Result<void> KafkaSource::handle_rebalances() {
  Result<void> outcome;
  while (!pending_.empty()) {
    Rebalance next = std::move(pending_.front());
    pending_.erase(pending_.begin());
    auto done = next.assign ? assigned(next.partitions.get())
                            : revoked(next.partitions.get(),
                                      next.lost || rd_kafka_assignment_lost(client_->get()) != 0);
    if (!done && outcome) outcome = done;
  }
  return outcome;
}

// The group need not wait for what follows: nothing is fetched before it is started.
Result<void> KafkaSource::assigned(rd_kafka_topic_partition_list_t* partitions) {
  const auto given = numbers_of(partitions);
  log::info("kafka.assigned", {{"partitions", join(given)}});
  client_->note_member();
  unannounced_.insert(unannounced_.end(), given.begin(), given.end());
  announce_by_ = Deadline{options_.start_timeout + options_.transaction_timeout +
                          std::min(options_.broker_wait, broker_wait_max)};
  ask_at_ = {};
  return join_assignment({});
}

/// Tells the listener what the group gave us, once the group's offsets for it are known: that may
/// take as long as an earlier owner's transaction is open, and other partitions go on meanwhile.
Result<void> KafkaSource::announce() {
  const auto now = std::chrono::steady_clock::now();
  if (unannounced_.empty() || now < ask_at_) return {};
  constexpr std::chrono::seconds between_asks{1};
  const bool first = ask_at_ == std::chrono::steady_clock::time_point{};
  ask_at_ = now + between_asks;
  const auto from = committed(first ? ask_first_ms : ask_again_ms);
  if (!from) return from.error();
  if (from->empty()) return {};
  unannounced_.clear();
  announced_ = true;
  for (const auto& assignment : *from) partitions_.at(assignment.partition).owned = true;
  return listener_->on_assigned(*from);
}

/// Fetches `partitions` from their positions on.
Result<void> KafkaSource::join_assignment(std::span<const std::uint32_t> partitions) {
  const PartitionList list{rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size()))};
  for (const auto id : partitions) {
    const auto place = inputs_.place_of(id);
    // Before it is fetched: librdkafka would send its records to the consumer's queue, else.
    const QueueHandle own{rd_kafka_queue_get_partition(client_->get(), place.topic.c_str(),
                                                       static_cast<std::int32_t>(place.partition))};
    check(own != nullptr, "a consumer's partition has a queue");
    rd_kafka_queue_forward(own.get(), records_.get());
    add_to(list.get(), id)->offset = static_cast<std::int64_t>(partitions_.at(id).next);
  }
  const ErrorHandle error{rd_kafka_incremental_assign(client_->get(), list.get())};
  if (error != nullptr) return broker_error(rd_kafka_error_code(error.get()), "assign");
  for (const auto id : partitions) partitions_[id].fetched = true;
  fetching_ += partitions.size();
  return {};
}

/// Those of `partitions` that never started are not in librdkafka's assignment, which takes back
/// only what it has.
rd_kafka_resp_err_t KafkaSource::leave_assignment(
    const rd_kafka_topic_partition_list_t* partitions) {
  const PartitionList list{rd_kafka_topic_partition_list_new(partitions->cnt)};
  for (const auto id : numbers_of(partitions)) {
    if (id >= partitions_.size() || !partitions_[id].fetched) continue;
    partitions_[id].fetched = false;
    --fetching_;
    add_to(list.get(), id);
  }
  const ErrorHandle error{rd_kafka_incremental_unassign(client_->get(), list.get())};
  return error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error.get());
}

/// Where the group stands in what is not announced yet; empty where that is not settled yet.
Result<std::vector<ports::Assignment>> KafkaSource::committed(int timeout_ms) {
  const PartitionList found{
      rd_kafka_topic_partition_list_new(static_cast<int>(unannounced_.size()))};
  for (const auto id : unannounced_) {
    add_to(found.get(), id);
  }
  auto code = rd_kafka_committed(client_->get(), found.get(), timeout_ms);
  for (const auto& entry : elements(found.get())) {
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = entry.err;
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (!announce_by_.passed() && !lasting(code)) return std::vector<ports::Assignment>{};
    return broker_error(code, "committed offsets of group " + options_.group);
  }
  std::vector<ports::Assignment> out;
  for (const auto& entry : elements(found.get())) {
    const std::uint32_t partition = number_of(entry);
    if (partition >= partitions_.size()) {
      return Error{
          Errc::broker_refused, "kafka.input_topic",
          fmt::format("{} has grown past {} partitions: members move between partitions then. "
                      "Drain the old topic, and start on the new layout with a new group",
                      options_.input_topic, partitions_.size())};
    }
    if (entry.offset >= 0) {
      auto mark = parse_metadata(metadata_of(entry));
      out.push_back({.partition = partition,
                     .committed = static_cast<ports::Offset>(entry.offset),
                     .fresh = false,
                     .note = mark ? std::move(mark->note) : std::string{}});
      continue;
    }
    const auto held = held_by(partition);
    if (!held && held.error().code == Errc::broker_unreachable && !announce_by_.passed()) {
      return std::vector<ports::Assignment>{};
    }
    if (!held) return held.error();
    out.push_back({.partition = partition,
                   .committed = begins_at_end() ? held->high : held->low,
                   .fresh = true});
  }
  return out;
}

Result<Watermarks> KafkaSource::held_by(std::uint32_t partition) const {
  const auto place = inputs_.place_of(partition);
  return watermarks(*client_, place.topic, place.partition, Deadline{options_.start_timeout});
}

/// Where a partition begins that the group never committed. One that turns up later was made later,
/// or its first owner would have committed it: nothing of it may be passed over.
bool KafkaSource::begins_at_end() const {
  return options_.start == Start::latest && !(inputs_.several() && announced_);
}

Result<void> KafkaSource::revoked(rd_kafka_topic_partition_list_t* partitions, bool lost) {
  std::vector<std::uint32_t> going;
  for (const auto partition : numbers_of(partitions)) {
    if (partition >= partitions_.size() || !partitions_[partition].owned)
      continue;  // It was never announced.
    going.push_back(partition);
    partitions_[partition].owned = false;
  }
  const auto gone = numbers_of(partitions);
  std::erase_if(unannounced_, [&](std::uint32_t id) {
    return std::find(gone.begin(), gone.end(), id) != gone.end();
  });
  log::info("kafka.revoked", {{"partitions", join(going)}, {"lost", lost ? "yes" : "no"}});
  Result<void> outcome;
  if (!going.empty()) outcome = listener_->on_revoked(going, lost);
  // What could not be committed goes uncommitted, and the listener must let go of it all the same.
  if (!outcome && !lost) static_cast<void>(listener_->on_revoked(going, true));
  if (gone_) std::for_each(going.begin(), going.end(), gone_);
  const auto code = leave_assignment(partitions);
  if (outcome && code != RD_KAFKA_RESP_ERR_NO_ERROR) return broker_error(code, "unassign");
  return outcome;
}

Result<void> KafkaSource::start_at(std::uint32_t partition, ports::Offset from) {
  check(partition < partitions_.size() && partitions_[partition].owned,
        "only what is assigned starts");
  const auto held = held_by(partition);
  if (!held) return held.error();
  if (from < held->low || from > held->high) return gap(partition, from);
  partitions_[partition].next = from;
  if (partitions_[partition].fetched) return seek(partition, from);
  // It would take the mark of a loss away that the next poll() shall see.
  if (rd_kafka_assignment_lost(client_->get()) != 0) return {};
  return join_assignment({&partition, 1});
}

Result<void> KafkaSource::seek(std::uint32_t partition, ports::Offset from) {
  Deadline deadline{options_.start_timeout};
  while (true) {
    const PartitionList list{rd_kafka_topic_partition_list_new(1)};
    auto* entry = add_to(list.get(), partition);
    entry->offset = static_cast<std::int64_t>(from);
    const ErrorHandle error{
        rd_kafka_seek_partitions(client_->get(), list.get(), deadline.left_ms(5000) + 1)};
    const auto code = error != nullptr ? rd_kafka_error_code(error.get()) : entry->err;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    if (deadline.passed()) return broker_error(code, "seek to " + describe(partition, from));
  }
}

Error KafkaSource::gap(std::uint32_t partition, ports::Offset from) const {
  const auto held = held_by(partition);
  if (!held) return held.error();
  return Error{
      Errc::input_gap, "kafka.input_topic",
      fmt::format("{} is needed, but {} holds {} to {}: retention took it or the topic was "
                  "made anew. Restore the records, or start over with another group and an "
                  "empty state directory",
                  describe(partition, from), inputs_.describe(partition), held->low, held->high)};
}

}  // namespace fealty::kafka
