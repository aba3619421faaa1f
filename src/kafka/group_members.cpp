#include "fealty/kafka/group_members.hpp"

#include <fmt/format.h>

#include <utility>

#include "client.hpp"
#include "group_question.hpp"

namespace fealty::kafka {
namespace {

/// The member's partitions of `topic`.
std::vector<std::uint32_t> partitions_of(const rd_kafka_MemberDescription_t& member,
                                         const std::string& topic) {
  std::vector<std::uint32_t> out;
  const auto* const assignment = rd_kafka_MemberDescription_assignment(&member);
  if (assignment == nullptr) return out;
  const auto* const list = rd_kafka_MemberAssignment_partitions(assignment);
  for (int i = 0; list != nullptr && i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list->elems[i];
    if (topic == one.topic) out.push_back(static_cast<std::uint32_t>(one.partition));
  }
  return out;
}

class KafkaGroupMembers final : public GroupMembers {
 public:
  KafkaGroupMembers(KafkaOptions options, std::shared_ptr<Client> client)
      : options_{std::move(options)}, client_{std::move(client)} {}

  Result<std::vector<GroupMember>> ask(std::chrono::milliseconds bound) override {
    rd_kafka_poll(client_->get(), 0);  // error_cb
    const EventHandle event = describe_group(*client_, options_.group, Deadline{bound});
    const auto* const result =
        event ? rd_kafka_event_DescribeConsumerGroups_result(event.get()) : nullptr;
    if (result == nullptr) {
      return Error{Errc::broker_unreachable, "kafka.group",
                   fmt::format("nobody says who is in group {}", options_.group)};
    }
    if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return broker_error(code, "group " + options_.group);
    }
    std::size_t count = 0;
    const auto* const* const groups = rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    if (count != 1) return Error{Errc::broker_unreachable, "kafka.group", "no answer"};
    return members_of(*groups[0]);
  }

 private:
  Result<std::vector<GroupMember>> members_of(
      const rd_kafka_ConsumerGroupDescription_t& group) const {
    if (const auto* const error = rd_kafka_ConsumerGroupDescription_error(&group);
        error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return broker_error(rd_kafka_error_code(error), "group " + options_.group);
    }
    std::vector<GroupMember> out;
    const std::size_t count = rd_kafka_ConsumerGroupDescription_member_count(&group);
    for (std::size_t i = 0; i < count; ++i) {
      const auto* const member = rd_kafka_ConsumerGroupDescription_member(&group, i);
      const char* const instance = rd_kafka_MemberDescription_group_instance_id(member);
      out.push_back({.instance = instance != nullptr ? instance : "",
                     .partitions = partitions_of(*member, options_.input_topic)});
    }
    return out;
  }

  const KafkaOptions options_;
  const std::shared_ptr<Client> client_;
};

}  // namespace

Result<std::unique_ptr<GroupMembers>> open_group_members(const KafkaOptions& options) {
  if (auto valid = validate(options); !valid) return valid.error();
  auto client = Client::make(RD_KAFKA_CONSUMER, options, reader_properties(options), {});
  if (!client) return client.error();
  return std::unique_ptr<GroupMembers>{
      std::make_unique<KafkaGroupMembers>(options, std::move(*client))};
}

}  // namespace fealty::kafka
