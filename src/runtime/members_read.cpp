// Members: what a reader is told.
#include <algorithm>
#include <utility>

#include "fealty/base/murmur2.hpp"
#include "fealty/runtime/members.hpp"

namespace fealty::runtime {
namespace {

using Rests = MemberReads::Rests;

Rests rests_on(const TimelineGroup& group) {
  if (group.touched) return Rests::open;
  return group.in_flight ? Rests::in_flight : Rests::committed;
}

/// Of two, what is known last.
Rests later(Rests a, Rests b) { return std::max(a, b); }

Rests refuse(Looked& looked, ports::ReadFailure why, std::string detail) {
  looked = {};
  looked.refused = ports::ReadRefusal{why, std::move(detail)};
  return why == ports::ReadFailure::busy ? Rests::not_yet : Rests::committed;
}

std::string being(std::uint32_t partition, std::string_view what) {
  return "partition " + std::to_string(partition) + " " + std::string{what};
}

}  // namespace

void Members::serve_reads() {
  reads_.serve(now_.steady, [this](const ports::ReadRequest& request, Looked& looked) {
    return look(request, looked);
  });
}

/// Why a partition cannot be read yet; empty where it can.
std::string Members::unreadable(const TimelineGroup& group, std::uint32_t number,
                                const ports::ReadRequest& request) {
  if (!group.ready()) return being(number, "is being restored");
  if (request.stale) return {};
  if (group.timeline->recovering()) return being(number, "is recovering");
  if (request.at_least && group.timeline->next() < request.at_least->position) {
    return being(number, "stands at input position " + std::to_string(group.timeline->next()));
  }
  return {};
}

/// In all partitions held, though as a rule the id says which it is: records may have been placed
/// by another rule than Kafka's.
MemberReads::Rests Members::look(const ports::ReadRequest& request, Looked& looked) {
  const std::uint32_t home = kafka_partition_of(request.member, options_.input_partitions);
  std::string not_yet;
  Rests rests = Rests::committed;
  looked.other_partitioner = key_check_.other_partitioner();
  for (const auto& group : groups_) {
    std::vector<std::uint32_t> numbers;
    for (const auto& opening : group->openings) numbers.push_back(opening.partition());
    for (const auto& partition : group->partitions) numbers.push_back(partition->number());
    for (const std::uint32_t number : numbers) {
      if (request.at_least && request.at_least->partition != number) continue;
      if (auto why = unreadable(*group, number, request); !why.empty()) {
        not_yet = std::move(why);
        continue;
      }
      MemberPartition& partition = *partitions_[number].partition;
      ports::ReadAnswer answer;
      const auto found = partition.read(request, answer);
      if (!found) return refuse(looked, ports::ReadFailure::failed, to_string(found.error()));
      const Rests here = request.stale ? Rests::committed : rests_on(*group);
      if (*found) {
        looked.found = std::move(answer);
        return here;
      }
      rests = later(rests, here);
      looked.without.push_back(answer.as_of);
      if (number != home || looked.other_partitioner) continue;
      const auto other = partition.by_other_partitioner(options_.input_partitions);
      if (!other) return refuse(looked, ports::ReadFailure::failed, to_string(other.error()));
      looked.other_partitioner = *other;
    }
  }
  return not_yet.empty() ? rests : refuse(looked, ports::ReadFailure::busy, std::move(not_yet));
}

}  // namespace fealty::runtime
