#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"
#include "fealty/ports/input.hpp"

namespace fealty::kafka {

/// Reads ranges of topics beside the workers: joins no group, writes nothing, sees committed
/// records only. Offsets between two records may be missing: transactions leave marks there.
///
/// Owns:    its consumers. Threads: one.
/// Errors:  broker_unreachable (nobody answers within start_timeout), broker_refused (a right, a
///          topic that is not there), input_gap (what was asked for is not held any more).
class TopicReader {
 public:
  /// Returns at once; brokers are first asked by the calls below. invalid_config.
  static Result<std::unique_ptr<TopicReader>> make(const KafkaOptions& options);
  ~TopicReader();
  TopicReader(const TopicReader&) = delete;
  TopicReader& operator=(const TopicReader&) = delete;

  /// broker_refused where there is no such topic.
  Result<std::uint32_t> partitions(const std::string& topic);

  struct Held {
    ports::Offset low = 0;   // first offset that is held
    ports::Offset high = 0;  // behind the last committed record
    ports::Offset end = 0;   // behind all that was written, open transactions included
  };
  Result<Held> held(const std::string& topic, std::uint32_t partition);
  /// The first record of this time (ms since the epoch) or a later one; nullopt where there is
  /// none.
  Result<std::optional<ports::Offset>> offset_of_time(const std::string& topic,
                                                      std::uint32_t partition,
                                                      std::int64_t time_ms);
  /// What the group of the options has committed; nullopt where it never did.
  Result<std::optional<ports::Offset>> committed(const std::string& topic, std::uint32_t partition);

  /// Visits records of [from, to) in order. `to` at most Held::end: transactions that are open
  /// before it are waited for. The record is good until the visitor returns. Stops where `stop` is
  /// set; true where all were visited.
  using Visit = std::function<Result<void>(const ports::InputRecord&)>;
  Result<bool> read(const std::string& topic, std::uint32_t partition, ports::Offset from,
                    ports::Offset to, const Visit& visit, const std::atomic<bool>& stop);

 private:
  struct Impl;
  explicit TopicReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fealty::kafka
