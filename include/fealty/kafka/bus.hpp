#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"
#include "fealty/ports/feed.hpp"
#include "fealty/ports/input.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

/// How far a worker is behind, in offsets: records, and the marks of their writers' transactions.
struct Lag {
  std::uint64_t records = 0;  // to the end of the input, over this worker's partitions
  std::uint64_t worst = 0;    // of the partition that is furthest behind
  std::uint32_t worst_partition = 0;
};

/// Kafka as a worker's bus: the input topic as a Source, the output topics as a Sink whose commits
/// carry the group's offsets in the same transaction, the changelog topic as a Changelog.
///
/// Owns:    one consumer, one transactional producer. Destroy it last; an open transaction is
///          dropped.
/// Threads: one at a time for source and changelog, one at a time for the sink, which may be
///          another; librdkafka keeps some of its own, which call none of the ports.
/// Errors:  broker_unreachable, broker_refused, input_gap, fenced, transaction_aborted. Never
///          throws.
class KafkaBus {
 public:
  /// Reaches the brokers, checks the topics, cleanup policies included (and makes missing output
  /// topics where allowed), and fences earlier holders of the transactional id. Bounded by
  /// start_timeout. broker_unreachable: nobody answered. broker_refused: credentials, rights, a
  /// missing or unfit topic.
  static Result<std::unique_ptr<KafkaBus>> connect(const KafkaOptions& options);
  ~KafkaBus();
  KafkaBus(const KafkaBus&) = delete;
  KafkaBus& operator=(const KafkaBus&) = delete;

  [[nodiscard]] ports::Source& source();
  [[nodiscard]] ports::Sink& sink();
  [[nodiscard]] ports::Changelog& changelog();
  /// Of the input topic; where several are read, of the one that they go to.
  [[nodiscard]] std::uint32_t input_partitions() const;
  /// By what was polled, and the ends as the last fetches told them: asks nobody. Thread:
  /// source()'s.
  [[nodiscard]] Lag lag() const;
  /// Of the stream that the changelog reads back.
  Result<std::uint32_t> changelog_partitions() const;
  /// A stream's topic as a feed. Destroy it before the bus.
  [[nodiscard]] std::unique_ptr<ports::Feed> feed(ports::Stream stream) const;

 private:
  struct Impl;
  explicit KafkaBus(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Whether threads of librdkafka that would not end were left behind: end the process without
/// waiting for anything then (std::_Exit), once what it has to say is written.
bool left_behind();

/// The version of librdkafka in this process, "2.0.2".
std::string library_version();
/// broker_refused for versions known to lose or double records; logs a warning for old ones.
Result<void> check_library_version();

}  // namespace fealty::kafka
