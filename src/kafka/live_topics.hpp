#pragma once

#include <map>
#include <string>
#include <vector>

#include "fealty/kafka/live_check.hpp"
#include "topic_facts.hpp"

namespace fealty::kafka {

using Topics = std::map<std::string, TopicFacts>;

/// The topics that records come from: not those of its own that it reads back.
std::vector<std::string> inputs_of(const KafkaOptions& options);

/// That each pattern of input topics matches some; adds them to `options`. Names what it cannot
/// ask.
void find_inputs(const Client& client, KafkaOptions& options, const PatternMatches& matches,
                 Deadline deadline, std::vector<Finding>& out);

/// That topics are there, or may be made, with the right partitions, policies and replicas.
Topics check_topics(const Client& client, const KafkaOptions& options, Deadline deadline,
                    std::vector<Finding>& out);

}  // namespace fealty::kafka
