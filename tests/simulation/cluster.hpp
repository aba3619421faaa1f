#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bugs.hpp"
#include "fealty/ports/member_store.hpp"
#include "group.hpp"
#include "topics.hpp"
#include "transactions.hpp"
#include "world.hpp"

namespace fealty::simulation {

struct ClusterOptions {
  std::uint32_t partitions = 2;
  GroupTimes group;
  TransactionTimes transactions;
  std::uint64_t compact_every = 50;  // ticks; 0 = never. Likewise:
  std::uint64_t retain_every = 100, shuffle_every = 0, expire_every = 0;
  bool start_latest = false;  // where a group without an offset begins
};

/// A simulated Kafka: topics, transactions, one group, and what brokers do by themselves.
class Cluster {
 public:
  Cluster(World& world, ClusterOptions options, Bug bug);

  [[nodiscard]] const ClusterOptions& options() const { return options_; }
  Topics& topics() { return topics_; }
  Transactions& transactions() { return transactions_; }
  Group& group() { return group_; }
  /// A request that is under way while its sender no longer waits for it.
  void later(Millis due, std::function<void()> request) {
    underway_.emplace(due, std::move(request));
  }
  void tick();
  /// Nothing more is to be taken away or moved about; if offsets ever expire, some do, for nobody
  /// is there for days.
  void calm();
  /// Looks at the last committed checkpoint of each partition: none may turn back, or have another
  /// past. Empty, or what is wrong.
  std::string inspect();
  /// Offsets that the group has forgotten.
  [[nodiscard]] std::uint64_t expired() const { return expired_; }
  [[nodiscard]] Bug bug() const { return bug_; }

 private:
  void compact();
  void retain();
  void expire(std::uint32_t partition);
  [[nodiscard]] std::optional<ports::Checkpoint> last_checkpoint(std::uint32_t partition);
  void look_at(std::uint32_t partition);
  std::uint32_t any_partition() {
    return static_cast<std::uint32_t>(world_.pick(options_.partitions));
  }

  World& world_;
  const ClusterOptions options_;
  const Bug bug_;
  Topics topics_;
  Group group_;
  Transactions transactions_;
  std::multimap<Millis, std::function<void()>> underway_;
  bool calm_ = false;
  std::vector<ports::Checkpoint> seen_;  // by partition, the last one looked at
  std::string wrong_;
  std::uint64_t expired_ = 0;
};

}  // namespace fealty::simulation
