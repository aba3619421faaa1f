#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fealty/ports/output.hpp"
#include "input_table.hpp"
#include "producer.hpp"

namespace fealty::kafka {

/// Outputs, saved versions and offsets of all of a worker's partitions, one transaction a commit.
///
/// Each commit's offsets carry a token and the runtime's note as their metadata, so that after a
/// timeout the group's committed offsets say for certain whether that very commit went through.
/// Threads: one at a time; forget(), changelog_read() and interrupt() any.
class KafkaSink final : public ports::Sink {
 public:
  /// Borrows all; `consumer` is the group's, whose membership the offsets are committed under.
  KafkaSink(const KafkaOptions& options, const Client& consumer, const InputTable& inputs,
            std::uint32_t partitions);

  /// Fences earlier holders of the transactional id and ends what they left open.
  Result<void> open(Deadline deadline);
  Result<void> append(const ports::OutputBuffer& out) override;
  Result<void> commit(std::span<ports::CommitPosition> positions) override;
  Result<void> abort() override;
  void interrupt() override;

  /// A partition went: what is known of its offsets no longer holds.
  void forget(std::uint32_t partition);
  /// Somebody read the changelog of a partition up to here.
  void changelog_read(std::uint32_t partition, std::uint64_t next);

 private:
  Result<void> begin();
  Result<void> try_commit(std::span<const ports::CommitPosition> positions, Deadline deadline);
  Result<void> commit_failed(Error error, std::span<const ports::CommitPosition> positions);
  Result<void> resolve(const Error& why, std::span<const ports::CommitPosition> positions);
  Result<bool> went_through(std::span<const ports::CommitPosition> positions,
                            Deadline deadline) const;
  Result<void> drop_transaction();
  Result<void> reopen();
  Result<void> named(Error aborted);
  [[nodiscard]] Deadline attempt() const;
  template <class Call>
  auto patiently(Call&& call) -> decltype(call());
  bool wait_for_brokers(std::chrono::steady_clock::time_point since, const Error& why);
  [[nodiscard]] bool changes_nothing(std::span<const ports::CommitPosition> positions) const;
  [[nodiscard]] std::string token() const;  // of the commit under way
  [[nodiscard]] PartitionList offsets_of(std::span<const ports::CommitPosition> positions) const;
  void fill(std::span<ports::CommitPosition> positions) const;
  void note_acks(std::span<const ports::CommitPosition> positions);

  const KafkaOptions& options_;
  const Client& consumer_;
  const InputTable& inputs_;
  std::uint32_t partitions_;
  std::unique_ptr<Producer> producer_;  // null after one was given up and before the next is open
  bool open_ = false;                   // a transaction is
  std::string token_prefix_;            // unlike that of any other process
  std::uint64_t commits_ = 0;
  std::uint32_t aborted_in_row_ = 0;
  std::chrono::steady_clock::time_point told_{};  // that brokers are waited for
  std::atomic<bool> interrupted_{false};
  std::condition_variable interruption_;
  mutable std::mutex mutex_;                                  // guards what follows
  std::map<std::uint32_t, ports::CommitPosition> committed_;  // of this worker's own commits
  std::vector<std::uint64_t> changelog_next_;
};

}  // namespace fealty::kafka
