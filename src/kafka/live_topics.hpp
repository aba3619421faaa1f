#pragma once

#include <map>
#include <string>
#include <vector>

#include "fealty/kafka/live_check.hpp"
#include "topic_facts.hpp"

namespace fealty::kafka {

using Topics = std::map<std::string, TopicFacts>;

/// That topics are there, or may be made, with the right partitions, policies and replicas.
Topics check_topics(const Client& client, const KafkaOptions& options, Deadline deadline,
                    std::vector<Finding>& out);

}  // namespace fealty::kafka
