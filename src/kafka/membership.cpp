#include "membership.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "handles.hpp"

namespace fealty::kafka {

namespace {

std::string member_id(const Client& consumer) {
  char* id = rd_kafka_memberid(consumer.get());
  if (id == nullptr) return {};
  std::string out{id};
  rd_kafka_mem_free(consumer.get(), id);
  return out;
}

EventHandle describe(const Client& consumer, const std::string& group, Deadline deadline) {
  constexpr int bound_ms = 5000;
  std::array<char, 512> reason{};
  const AdminOptions bounds{
      rd_kafka_AdminOptions_new(consumer.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS)};
  rd_kafka_AdminOptions_set_request_timeout(bounds.get(), deadline.left_ms(bound_ms) + 1,
                                            reason.data(), reason.size());
  const QueueHandle queue{rd_kafka_queue_new(consumer.get())};
  std::array<const char*, 1> groups{group.c_str()};
  rd_kafka_DescribeConsumerGroups(consumer.get(), groups.data(), groups.size(), bounds.get(),
                                  queue.get());
  return EventHandle{rd_kafka_queue_poll(queue.get(), deadline.left_ms(bound_ms) + 1000)};
}

}  // namespace

bool replaced_in_group(const Client& consumer, const KafkaOptions& options, Deadline deadline) {
  // librdkafka knows already where its own heartbeats were refused.
  if (auto sound = consumer.fatal(); !sound) return sound.error().code == Errc::fenced;
  const std::string own = member_id(consumer);
  if (options.group_instance.empty() || own.empty()) return false;
  const EventHandle event = describe(consumer, options.group, deadline);
  if (event == nullptr || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  std::size_t count = 0;
  const auto** groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[i]);
    for (std::size_t j = 0; j < members; ++j) {
      const auto* member = rd_kafka_ConsumerGroupDescription_member(groups[i], j);
      const char* instance = rd_kafka_MemberDescription_group_instance_id(member);
      if (instance == nullptr || options.group_instance != instance) continue;
      return own != rd_kafka_MemberDescription_consumer_id(member);
    }
  }
  return false;
}

}  // namespace fealty::kafka
