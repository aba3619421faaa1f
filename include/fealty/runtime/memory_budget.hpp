#pragma once

#include <algorithm>
#include <cstddef>

namespace fealty::runtime {

/// One bound for what a process holds that grows with its load, and who may hold how much of it.
/// All partitions of a worker together draw on each share; the store's is the process's. Beside it
/// stands what does not grow: the program, code, and the allocator's slack, some 64 MiB and a
/// quarter of the budget at most.
///
/// A plain value. Bytes everywhere.
class MemoryBudget {
 public:
  /// `on_bus`: a broker's client queues records and outputs, too; else members have that share.
  /// `workers`: that share it evenly, at least 1.
  MemoryBudget(std::size_t bytes, bool on_bus, std::size_t workers = 1)
      : bytes_{bytes}, on_bus_{on_bus}, workers_{workers} {}

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t workers() const { return workers_; }

  // --- of the process: the store's
  [[nodiscard]] std::size_t block_cache() const { return share(2); }
  [[nodiscard]] std::size_t write_buffers() const { return share(1); }

  /// Of what is restored: before there are members, as a rule, in their place.
  [[nodiscard]] std::size_t restored() const {
    return std::clamp(share(2), std::size_t{8} << 20U, std::size_t{256} << 20U);
  }

  // --- of each worker
  /// Decoded members, what of them is not saved, and their timers.
  [[nodiscard]] std::size_t members() const { return share(on_bus_ ? 6 : 11) / workers_; }
  /// Encoded versions of one commit: one may be on its way to the sink, two to the store.
  [[nodiscard]] std::size_t saves_of_a_commit() const {
    return std::clamp(share(1) / 2 / workers_, std::size_t{64} << 10U, std::size_t{40} << 20U);
  }
  /// Outputs on their way to the sink; as much again is kept for the next ones.
  [[nodiscard]] std::size_t outputs() const {
    return std::clamp(share(1) / 2 / workers_, std::size_t{1} << 20U, std::size_t{64} << 20U);
  }
  /// The broker's client: records fetched ahead, outputs not acknowledged.
  [[nodiscard]] std::size_t fetched() const {
    return std::min(share(4), std::size_t{256} << 20U) / workers_;
  }
  [[nodiscard]] std::size_t produced() const {
    return std::min(share(1), std::size_t{256} << 20U) / workers_;
  }

 private:
  [[nodiscard]] std::size_t share(std::size_t sixteenths) const { return bytes_ / 16 * sixteenths; }

  std::size_t bytes_;
  bool on_bus_;
  std::size_t workers_;
};

}  // namespace fealty::runtime
