#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fealty/ports/output.hpp"
#include "sim_producer.hpp"
#include "trouble.hpp"

namespace fealty::simulation {

/// Of each commit prepared and not yet sent, the ticks that it covers, by partition.
using PreparedTicks = std::deque<std::map<std::uint32_t, std::vector<Tick>>>;

/// A worker's sink over the simulated cluster: it decides as src/kafka/sink.cpp does, step by step,
/// and by the same marks (src/kafka/commit_mark.hpp) what became of a commit whose outcome is
/// unknown.
class SimSink final : public ports::Sink {
 public:
  /// `token`: unlike that of any other process.
  SimSink(Trouble& process, std::string transactional_id, std::string token, PreparedTicks& ticks);

  Result<void> open();
  Result<void> append(const ports::OutputBuffer& out) override;
  Result<void> commit(std::span<ports::CommitPosition> positions) override;
  Result<void> abort() override;

  void forget(std::uint32_t partition) { committed_.erase(partition); }
  void changelog_read(std::uint32_t partition, std::uint64_t next);
  [[nodiscard]] std::uint64_t unsure() const { return unsure_; }

 private:
  using Positions = std::span<const ports::CommitPosition>;
  Result<void> begin();
  Result<void> try_commit(Positions positions);
  Result<void> commit_before_produce(Positions positions);
  Result<void> commit_failed(const Error& error, Positions positions);
  Result<void> resolve(const Error& why, Positions positions);
  Result<bool> went_through(Positions positions);
  Result<void> drop_transaction();
  [[nodiscard]] bool changes_nothing(Positions positions) const;
  [[nodiscard]] std::string token() const;
  [[nodiscard]] std::map<std::uint32_t, GroupOffset> offsets_of(Positions positions) const;
  void fill(std::span<ports::CommitPosition> positions) const;
  void note_acks(Positions positions);

  Trouble& process_;
  const std::string transactional_id_, token_prefix_;
  PreparedTicks& prepared_;
  std::map<std::uint32_t, std::vector<Tick>> ticks_;  // of the commit under way
  std::unique_ptr<SimProducer> producer_;
  bool open_ = false;
  std::uint64_t commits_ = 0, unsure_ = 0;
  std::map<std::uint32_t, ports::CommitPosition> committed_;
  std::vector<std::uint64_t> changelog_next_;
  ports::OutputBuffer held_back_;  // a planted fault's
};

}  // namespace fealty::simulation
