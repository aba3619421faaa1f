#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>

#include "fealty/ports/output.hpp"
#include "trouble.hpp"

namespace fealty::simulation {

/// A worker's changelog over the simulated cluster, read as src/kafka/changelog.cpp does: a pass is
/// done once all that was there when it came to the last stable offset is visited.
class SimChangelog final : public ports::Changelog {
 public:
  using Seen = std::function<void(std::uint32_t partition, std::uint64_t next)>;
  SimChangelog(Trouble& process, Seen seen) : process_{process}, seen_{std::move(seen)} {}

  Result<std::unique_ptr<Reader>> open(std::uint32_t partition, std::uint64_t position) override;

 private:
  class PartitionReader;
  Trouble& process_;
  Seen seen_;
  std::set<std::uint32_t> open_;
};

}  // namespace fealty::simulation
