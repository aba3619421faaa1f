#include "membership.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

#include "group_question.hpp"

namespace fealty::kafka {

namespace {

/// Who is this worker in the group now.
enum class Holder : std::uint8_t { nobody, itself, another, unknown };

Holder holder(const Client& consumer, const KafkaOptions& options, Deadline deadline) {
  const EventHandle event = describe_group(consumer, options.group, deadline);
  if (event == nullptr || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Holder::unknown;
  }
  std::size_t count = 0;
  const auto** groups = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConsumerGroupDescription_error(groups[i]) != nullptr) return Holder::unknown;
    const std::size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[i]);
    for (std::size_t j = 0; j < members; ++j) {
      const auto* member = rd_kafka_ConsumerGroupDescription_member(groups[i], j);
      const char* instance = rd_kafka_MemberDescription_group_instance_id(member);
      if (instance == nullptr || options.group_instance != instance) continue;
      const bool own = consumer.was_member(rd_kafka_MemberDescription_consumer_id(member));
      return own ? Holder::itself : Holder::another;
    }
  }
  return Holder::nobody;
}

}  // namespace

bool replaced_in_group(const Client& consumer, const KafkaOptions& options, Deadline deadline) {
  const auto sound = consumer.fatal();
  const bool refused = !sound && sound.error().code == Errc::fenced;
  if (!sound && !refused) return false;
  if (options.group_instance.empty() || !consumer.was_member({})) return refused;
  Holder found = holder(consumer, options, deadline);
  if (!refused) return found == Holder::another;
  // An id that it does not know may be one that it asked for itself and has not heard of: nobody
  // keeps that one alive.
  constexpr std::chrono::seconds margin{2}, bound{12};
  constexpr std::chrono::seconds between{1};
  const Deadline alive{
      std::min<std::chrono::milliseconds>(options.session_timeout + margin, bound)};
  while ((found == Holder::another || found == Holder::unknown) && !alive.passed()) {
    std::this_thread::sleep_for(between);
    found = holder(consumer, options, alive);
  }
  return found == Holder::another || found == Holder::unknown;
}

}  // namespace fealty::kafka
