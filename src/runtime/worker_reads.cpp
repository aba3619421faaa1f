#include "fealty/runtime/worker_reads.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "fealty/base/murmur2.hpp"

namespace fealty::runtime {
namespace {

using ports::ReadFailure;
using ports::ReadRefusal;

std::string listed(std::vector<ports::InputPosition> places, bool with_positions) {
  std::sort(places.begin(), places.end(),
            [](const auto& a, const auto& b) { return a.partition < b.partition; });
  std::string out;
  for (const ports::InputPosition& place : places) {
    if (!out.empty()) out += ", ";
    out += std::to_string(place.partition);
    if (with_positions) out += " at input position " + std::to_string(place.position);
  }
  return out;
}

}  // namespace

/// One request on its way to all workers.
class WorkerReads::Pending {
 public:
  Pending(const WorkerReads& reads, ports::ReadRequest request, Done done)
      : partitions_{reads.partitions_},
        left_{reads.workers_.size()},
        request_{std::move(request)},
        done_{std::move(done)} {
    if (reads.keyed_by_member_) home_ = kafka_partition_of(request_.member, partitions_);
    if (request_.at_least) home_ = request_.at_least->partition;
  }
  [[nodiscard]] const ports::ReadRequest& request() const { return request_; }

  void answered(Looked looked) {
    Done done;
    std::optional<ports::ReadOutcome> outcome;
    {
      const std::lock_guard lock{mutex_};
      --left_;
      if (!done_) return;
      if (looked.found) {
        outcome = std::move(*looked.found);
      } else {
        add(std::move(looked));
        if (left_ != 0) return;
        outcome = conclude();
      }
      done.swap(done_);
    }
    done(std::move(*outcome));
  }

 private:
  void add(Looked looked) {
    if (looked.refused && (!refused_ || looked.refused->why == ReadFailure::failed)) {
      refused_ = std::move(looked.refused);
    }
    without_.insert(without_.end(), looked.without.begin(), looked.without.end());
    other_partitioner_ = other_partitioner_ || looked.other_partitioner;
  }

  /// No worker has it. That is the answer only where the partition that would have it was looked
  /// in.
  [[nodiscard]] ReadRefusal conclude() const {
    if (refused_) return *refused_;
    const bool told = home_ && (request_.at_least || !other_partitioner_);
    const auto at_home = std::find_if(without_.begin(), without_.end(),
                                      [&](const auto& place) { return place.partition == home_; });
    if (told && at_home != without_.end()) return unknown({*at_home});
    if (without_.size() == partitions_) return unknown(without_);
    if (told) {
      return {ReadFailure::elsewhere,
              "no worker of this process holds partition " + std::to_string(*home_) +
                  ", which the member belongs to: ask the process that does, or again in a moment "
                  "where partitions are moving"};
    }
    return {ReadFailure::elsewhere,
            (without_.empty() ? std::string{"no worker of this process holds a partition"}
                              : "of the input's " + std::to_string(partitions_) +
                                    " partitions this process holds " + listed(without_, false) +
                                    ", and none of them knows the member") +
                ": ask the other processes, too, or again in a moment where partitions are moving"};
  }
  [[nodiscard]] ReadRefusal unknown(const std::vector<ports::InputPosition>& places) const {
    if (request_.stale) return {ReadFailure::unknown_member, "nothing of it is saved"};
    return {ReadFailure::unknown_member, "as of partition " + listed(places, true)};
  }

  const std::uint32_t partitions_;
  std::mutex mutex_;
  std::size_t left_;
  const ports::ReadRequest request_;
  Done done_;  // empty: answered
  std::optional<std::uint32_t> home_;
  std::vector<ports::InputPosition> without_;
  bool other_partitioner_ = false;
  std::optional<ReadRefusal> refused_;
};

WorkerReads::WorkerReads(std::vector<MemberReads*> workers, std::uint32_t partitions,
                         bool keyed_by_member)
    : workers_{std::move(workers)}, partitions_{partitions}, keyed_by_member_{keyed_by_member} {}

void WorkerReads::ask(ports::ReadRequest request, Done done) {
  const auto pending = std::make_shared<Pending>(*this, std::move(request), std::move(done));
  for (MemberReads* const worker : workers_) {
    worker->ask(pending->request(),
                [pending](Looked looked) { pending->answered(std::move(looked)); });
  }
}

}  // namespace fealty::runtime
