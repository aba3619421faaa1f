#include "group_question.hpp"

#include <array>

namespace fealty::kafka {

EventHandle describe_group(const Client& client, const std::string& group, Deadline deadline) {
  constexpr int bound_ms = 5000;
  std::array<char, 512> reason{};
  const AdminOptions bounds{
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS)};
  rd_kafka_AdminOptions_set_request_timeout(bounds.get(), deadline.left_ms(bound_ms) + 1,
                                            reason.data(), reason.size());
  const QueueHandle queue{rd_kafka_queue_new(client.get())};
  std::array<const char*, 1> groups{group.c_str()};
  rd_kafka_DescribeConsumerGroups(client.get(), groups.data(), groups.size(), bounds.get(),
                                  queue.get());
  return EventHandle{rd_kafka_queue_poll(queue.get(), deadline.left_ms(bound_ms) + 1000)};
}

}  // namespace fealty::kafka
