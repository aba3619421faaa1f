#pragma once

#include "live_topics.hpp"
#include "probe_producer.hpp"

namespace fealty::kafka {

/// Reading input and changelog, the two groups, and how far the input is kept. `client` reads as
/// the group's reader, and gets a few partitions by hand.
void check_reading(const Client& client, const KafkaOptions& options, const Topics& topics,
                   const std::map<std::uint32_t, std::uint64_t>& recover_from, Deadline deadline,
                   std::vector<Finding>& out);

/// The transactional id, a record to each output topic, an offset for the group, and by the way the
/// brokers' clocks.
void check_writing(const Client& client, const KafkaOptions& options, const Topics& topics,
                   Deadline deadline, std::vector<Finding>& out);

/// Compares the brokers' clock with this machine's, by the mark that ended the transaction of
/// `record` in `topic`.
Finding clock_of(const Client& client, const std::string& topic,
                 const ProbeProducer::Answer& record, Deadline deadline);

}  // namespace fealty::kafka
