#pragma once

#include <functional>

#include "client.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::kafka {

/// Reads a partition of the changelog topic, committed records only, with a consumer made for it.
class KafkaChangelog final : public ports::Changelog {
 public:
  using Seen = std::function<void(std::uint32_t partition, std::uint64_t next)>;
  /// `seen` is told how far a partition was read. Borrows `options`.
  KafkaChangelog(const KafkaOptions& options, Seen seen)
      : options_{options}, seen_{std::move(seen)} {}

  /// Reads up to the end that the partition has when it gets there, waiting for transactions that
  /// are still open (at most transaction_timeout: then the broker has aborted them). input_gap
  /// where the partition no longer, or not yet, holds `position`.
  Result<std::uint64_t> read(std::uint32_t partition, std::uint64_t position,
                             Visitor& visitor) override;

 private:
  const KafkaOptions& options_;
  Seen seen_;
};

}  // namespace fealty::kafka
