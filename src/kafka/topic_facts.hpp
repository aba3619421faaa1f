#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client.hpp"

namespace fealty::kafka {

/// What the brokers tell about a topic.
struct TopicFacts {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::uint32_t partitions = 0;  // 0 = there is none
  std::uint32_t replicas = 0;    // of the partition that has fewest
  rd_kafka_resp_err_t settings_error = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::map<std::string, std::string> settings;  // empty where settings_error says why
};
/// For each of `topics`. Errors: broker_unreachable.
Result<std::map<std::string, TopicFacts>> topic_facts(const Client& client,
                                                      const std::vector<std::string>& topics,
                                                      Deadline deadline);

}  // namespace fealty::kafka
