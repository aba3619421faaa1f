#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/ports/member_store.hpp"
#include "fealty/ports/output.hpp"

namespace fealty::runtime {

/// A process of the group, and the partitions that its workers have.
struct GroupProcess {
  std::string id;
  std::vector<std::uint32_t> partitions;
  friend bool operator==(const GroupProcess&, const GroupProcess&) = default;
};

/// The partitions, of `partitions`, that the process `self` shall follow, ascending: of each
/// partition the first `standbys` of the processes that do not have it, in an order that each
/// partition draws for itself (rendezvous hashing), so that processes agree without talking, and
/// one that comes or goes moves few. None where `self` is not among `processes`. Pure.
std::vector<std::uint32_t> standbys_of(std::string_view self,
                                       std::span<const GroupProcess> processes,
                                       std::uint32_t partitions, std::uint32_t standbys);

/// Keeps the stores of partitions that others work on close behind their changelogs, so that taking
/// one over starts from a tail.
///
/// Borrows: stores and changelog, which is its own. Threads: one; stores are shared with workers,
/// to whom it makes way.
/// Errors: the store's and the changelog's; the partition is as it was, or further on.
class Standby {
 public:
  Standby(ports::MemberStores& stores, ports::Changelog& changelog)
      : stores_{stores}, changelog_{changelog} {}

  struct Pass {
    std::uint64_t records = 0;   // restored by it
    std::uint64_t position = 0;  // in the changelog, that the store stands at
    bool whole = false;          // not: a worker has it or wants it, or `stop` was set
  };
  /// From where the store stands to the end of what is committed.
  Result<Pass> pass(std::uint32_t partition, const std::atomic<bool>& stop);

 private:
  ports::MemberStores& stores_;
  ports::Changelog& changelog_;
};

}  // namespace fealty::runtime
