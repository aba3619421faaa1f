#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace fealty::kafka {

/// Offset after the last acknowledged changelog record of each partition, noted by librdkafka's own
/// threads as acknowledgements come in. Cheaper than delivery reports, which would pass every
/// record through our thread. Read it after a commit, which waits for all acknowledgements.
/// Which record failed first says more than what the transaction answers then, and is kept, too.
struct ChangelogAcks {
  /// librdkafka has one handle a topic, which its records name: no name is compared. Set before
  /// the first record is handed over; never followed, for acknowledgements may outlive it.
  const rd_kafka_topic_t* topic = nullptr;
  std::vector<std::atomic<std::uint64_t>> next;
  std::mutex mutex;    // guards what follows
  std::string failed;  // "topic: reason"; empty = none since the transaction began
  explicit ChangelogAcks(std::uint32_t partitions) : next(partitions) {}
};

/// Has `acks` told of every record of the producer that is made with `conf`. It must outlive it.
void tell(ChangelogAcks& acks, rd_kafka_conf_t* conf);

}  // namespace fealty::kafka
