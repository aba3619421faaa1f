#include "topic_question.hpp"

#include <array>
#include <vector>

namespace fealty::kafka {
namespace {

using ConfigResource =
    std::unique_ptr<rd_kafka_ConfigResource_t, Deleter<rd_kafka_ConfigResource_destroy>>;

}  // namespace

EventHandle describe_topics(const Client& client, std::span<const std::string> topics,
                            Deadline deadline) {
  std::vector<ConfigResource> owned;
  std::vector<rd_kafka_ConfigResource_t*> wanted;
  for (const std::string& topic : topics) {
    owned.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    wanted.push_back(owned.back().get());
  }
  std::array<char, 512> reason{};
  const AdminOptions bounds{
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  rd_kafka_AdminOptions_set_request_timeout(bounds.get(), deadline.left_ms() + 1, reason.data(),
                                            reason.size());
  const QueueHandle queue{rd_kafka_queue_new(client.get())};
  rd_kafka_DescribeConfigs(client.get(), wanted.data(), wanted.size(), bounds.get(), queue.get());
  return EventHandle{rd_kafka_queue_poll(queue.get(), deadline.left_ms() + 1000)};
}

}  // namespace fealty::kafka
