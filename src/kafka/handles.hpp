#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>

namespace fealty::kafka {

/// RAII for librdkafka's handles.
template <auto destroy>
struct Deleter {
  template <class T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using ConfHandle = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;
using ErrorHandle = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      Deleter<rd_kafka_topic_partition_list_destroy>>;
using TopicHandle = std::unique_ptr<rd_kafka_topic_t, Deleter<rd_kafka_topic_destroy>>;
using QueueHandle = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t, Deleter<rd_kafka_message_destroy>>;
using EventHandle = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using GroupHandle = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                    Deleter<rd_kafka_consumer_group_metadata_destroy>>;

/// A point in time that calls are bounded by, as librdkafka's int milliseconds.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds in) : at_{std::chrono::steady_clock::now() + in} {}
  [[nodiscard]] bool passed() const { return std::chrono::steady_clock::now() >= at_; }
  [[nodiscard]] int left_ms() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        at_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }
  /// At most `slice_ms`, so that a loop gets to look at other things meanwhile.
  [[nodiscard]] int left_ms(int slice_ms) const {
    return left_ms() < slice_ms ? left_ms() : slice_ms;
  }

 private:
  std::chrono::steady_clock::time_point at_;
};

}  // namespace fealty::kafka
