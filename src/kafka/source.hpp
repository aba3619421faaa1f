#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "client.hpp"
#include "fealty/kafka/bus.hpp"
#include "fealty/ports/input.hpp"
#include "input_table.hpp"
#include "topics.hpp"

namespace fealty::kafka {

/// The input topic, or several, read as a member of the consumer group.
///
/// Rebalances are noted in librdkafka's callback and handled between two batches, so that the
/// listener may commit and start_at() may ask the brokers; the group waits for our answer
/// meanwhile. What the group gives us joins librdkafka's own assignment, and is fetched, only once
/// it is started. Records have a queue of their own, so that the group is answered without taking
/// any: those stay with librdkafka, which bounds them.
class KafkaSource final : public ports::Source {
 public:
  static Result<std::unique_ptr<KafkaSource>> make(const KafkaOptions& options, InputTable& inputs);
  ~KafkaSource() override;

  Result<void> open(ports::AssignmentListener& listener) override;
  Result<void> start_at(std::uint32_t partition, ports::Offset from) override;
  Result<ports::Polled> poll(ports::InputBatch& batch, std::size_t records_max,
                             std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool one_clock() const override { return false; }
  [[nodiscard]] bool reachable() const override { return !client_->away(); }
  [[nodiscard]] std::string describe(std::uint32_t partition, ports::Offset offset) const override;

  [[nodiscard]] ports::InputPlace place_of(std::uint32_t partition) const override {
    const auto place = inputs_.place_of(partition);
    return {place.topic, place.partition};
  }

  [[nodiscard]] const Client& client() const { return *client_; }
  [[nodiscard]] Lag lag() const;
  void set_partitions(std::uint32_t count) { partitions_.resize(count); }
  /// Told of each partition that goes.
  void on_gone(std::function<void(std::uint32_t)> gone) { gone_ = std::move(gone); }

 private:
  struct Partition {
    ports::Offset next = 0;  // next record to deliver is this one or later
    bool owned = false;      // the group gave it to us
    bool fetched = false;    // librdkafka's assignment has it
  };
  struct Rebalance {
    bool assign = false;
    bool lost = false;
    PartitionList partitions;
  };

  KafkaSource(const KafkaOptions& options, InputTable& inputs)
      : options_{options}, inputs_{inputs} {}
  void note_rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* partitions);
  Result<void> handle_rebalances();
  Result<void> assigned(rd_kafka_topic_partition_list_t* partitions);
  Result<void> announce();
  Result<std::vector<ports::Assignment>> committed(int timeout_ms);
  Result<void> revoked(rd_kafka_topic_partition_list_t* partitions, bool lost);
  Result<void> seek(std::uint32_t partition, ports::Offset from);
  Result<void> join_assignment(std::span<const std::uint32_t> partitions);
  rd_kafka_resp_err_t leave_assignment(const rd_kafka_topic_partition_list_t* partitions);
  Result<void> answer_group(std::chrono::milliseconds timeout);
  Result<void> fetch(ports::InputBatch& batch, std::size_t records_max, int timeout_ms);
  Result<void> take(const rd_kafka_message_t& message, ports::InputBatch& batch);
  Result<void> not_a_record(const rd_kafka_message_t& message);
  Result<void> no_topic(const rd_kafka_message_t& message) const;
  [[nodiscard]] Result<void> sound() const;
  void look_for_brokers();
  Result<void> look_for_topic();
  Error gap(std::uint32_t partition, ports::Offset from) const;
  std::uint32_t number_of(const rd_kafka_message_t& message);
  std::uint32_t number_of(const rd_kafka_topic_partition_t& entry);
  std::vector<std::uint32_t> numbers_of(const rd_kafka_topic_partition_list_t* list);
  rd_kafka_topic_partition_t* add_to(rd_kafka_topic_partition_list_t* list,
                                     std::uint32_t partition) const;
  void make_place_for(std::uint32_t partition);
  [[nodiscard]] std::string join(const std::vector<std::uint32_t>& partitions) const;
  [[nodiscard]] bool begins_at_end() const;
  [[nodiscard]] Result<Watermarks> held_by(std::uint32_t partition) const;

  const KafkaOptions& options_;
  InputTable& inputs_;
  std::shared_ptr<Client> client_;
  QueueHandle records_;  // of all partitions; everything else comes by the consumer's own queue
  ports::AssignmentListener* listener_ = nullptr;
  std::function<void(std::uint32_t)> gone_;
  std::vector<Partition> partitions_;
  std::vector<Rebalance> pending_;
  std::vector<rd_kafka_message_t*> fetched_;
  std::vector<std::uint32_t> unannounced_;  // the group gave them to us, the listener was not told
  std::chrono::steady_clock::time_point ask_at_{};  // for their offsets, again
  Deadline announce_by_{std::chrono::milliseconds{0}};
  std::chrono::steady_clock::time_point look_at_{};        // for brokers that are away, again
  std::chrono::steady_clock::time_point missing_since_{};  // the topic
  std::size_t fetching_ = 0;                               // partitions
  bool ever_assigned_ = false;  // the group has answered, maybe with no partition
  bool announced_ = false;  // the group's first answer; what is new since then was made since then
};

}  // namespace fealty::kafka
