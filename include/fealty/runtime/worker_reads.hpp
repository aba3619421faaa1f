#pragma once

#include <cstdint>
#include <vector>

#include "fealty/ports/reads.hpp"
#include "fealty/runtime/member_reads.hpp"

namespace fealty::runtime {

/// Asks all workers of a process, and answers as soon as one knows the member, or none can.
///
/// Borrows the workers' reads. Threads: any.
class WorkerReads final : public ports::Reads {
 public:
  /// `partitions`: of the input. `keyed_by_member`: a record whose key is not its member is
  /// refused, so that the id tells the partition.
  WorkerReads(std::vector<MemberReads*> workers, std::uint32_t partitions, bool keyed_by_member);
  void ask(ports::ReadRequest request, Done done) override;

 private:
  class Pending;
  const std::vector<MemberReads*> workers_;
  const std::uint32_t partitions_;
  const bool keyed_by_member_;
};

}  // namespace fealty::runtime
