#pragma once

#include <string>

#include "client.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

/// The stream that saved versions go to and are read back from.
ports::Stream changelog_stream(const KafkaOptions& options);

/// Name of the topic that a stream goes to.
std::string topic_of(ports::Stream stream, const KafkaOptions& options);

/// True for what a topic just made, or a leader just chosen, answers for a moment.
bool settling(rd_kafka_resp_err_t code);

struct Watermarks {
  std::uint64_t low = 0, high = 0;  // first offset held, offset after the last
};
/// Asks the partition's leader. For a read_committed client `high` is the last stable offset.
Result<Watermarks> watermarks(const Client& client, const std::string& topic,
                              std::uint32_t partition, Deadline deadline);

/// Partitions of an existing topic, 0 where it does not exist.
/// broker_unreachable where nobody answers in time, broker_refused as soon as credentials are
/// refused.
Result<std::uint32_t> partition_count(const Client& client, const KafkaOptions& options,
                                      const std::string& topic, Deadline deadline);

/// broker_refused where the brokers say that there is no such partition: for one that was there,
/// and from which nothing has come for a while (its topic may have been made anew with fewer).
/// Nobody who answers is none of its faults.
Result<void> there_at_all(const Client& client, const KafkaOptions& options,
                          const std::string& topic, std::uint32_t partition);

/// Checks that the input topic exists (and returns its partitions) and that every output topic
/// does, the changelog with as many partitions as the input; makes missing output topics where
/// allowed, compacted where they must be. broker_refused names the topic and the way out.
Result<std::uint32_t> ensure_topics(const Client& client, const KafkaOptions& options,
                                    Deadline deadline);

}  // namespace fealty::kafka
