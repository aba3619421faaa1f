#pragma once

#include <cstddef>
#include <vector>

#include "fealty/codec/mapping.hpp"
#include "fealty/program/series.hpp"
#include "fealty/runtime/members.hpp"

namespace fealty::simulation {

/// The program of this folder as one process has it: its first generation, or both.
class SimProgram {
 public:
  explicit SimProgram(bool both);
  SimProgram(const SimProgram&) = delete;
  SimProgram& operator=(const SimProgram&) = delete;

  [[nodiscard]] const runtime::Topology& topology() const { return topology_; }
  /// What partitions adopt.
  [[nodiscard]] std::vector<ports::Generation> generations() const;
  [[nodiscard]] bool has_both() const { return series_.generations().size() > 1; }
  /// As a reload does it, between two batches.
  Result<void> add_second(runtime::Members& members);
  /// The first day of the second generation.
  [[nodiscard]] static Day second_from();

 private:
  program::Series series_;
  const codec::Mapping mapping_;
  const runtime::Topology topology_;
};

/// That of a process with the first generation, for all time.
const runtime::Topology& sim_topology();

}  // namespace fealty::simulation
