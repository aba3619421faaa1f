#pragma once

#include <memory>
#include <string>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"
#include "fealty/ports/input.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

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
  [[nodiscard]] std::uint32_t input_partitions() const;

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
