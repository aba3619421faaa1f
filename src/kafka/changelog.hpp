#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "client.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

/// Reads partitions of the changelog topic, committed records only.
///
/// Owns: two consumers that belong to no group, made when first needed, for all readers: one asks
/// how far a partition reaches, open transactions included; the other reads. So what holds nothing
/// new costs one question.
/// Threads: one at a time, readers included.
class KafkaChangelog final : public ports::Changelog {
 public:
  using Seen = std::function<void(std::uint32_t partition, std::uint64_t next)>;
  /// `seen` is told how far a partition was read. Borrows `options`.
  KafkaChangelog(const KafkaOptions& options, Seen seen);

  /// A reader goes up to the end that the partition has when it gets there, waiting for
  /// transactions that are still open (without progress at most start_timeout +
  /// transaction_timeout: then the broker has aborted them). input_gap where the partition no
  /// longer, or not yet, holds `position`, or no longer its beginning. One reader a partition.
  Result<std::unique_ptr<Reader>> open(std::uint32_t partition, std::uint64_t position) override;

 private:
  class PartitionReader;
  Result<void> connect();

  const KafkaOptions& options_;
  const std::string topic_;
  const Seen seen_;
  std::shared_ptr<Client> ends_, records_;
  TopicHandle handle_;  // of records_: declared behind it
  std::set<std::uint32_t> open_;
};

}  // namespace fealty::kafka
