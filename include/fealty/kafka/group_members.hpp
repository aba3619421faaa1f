#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/kafka/options.hpp"

namespace fealty::kafka {

/// A member of a consumer group.
struct GroupMember {
  std::string instance;                   // KafkaOptions::group_instance; empty = not one of ours
  std::vector<std::uint32_t> partitions;  // of the input topic, that it has
};

/// Who is in the service's group, asked from beside it: joins nothing. Needs the right to DESCRIBE
/// the group, which that to READ includes.
///
/// Threads: one. Errors: broker_unreachable, broker_refused.
class GroupMembers {
 public:
  virtual ~GroupMembers() = default;
  /// Within about `bound`. While the group shares partitions out anew some or all have none.
  virtual Result<std::vector<GroupMember>> ask(std::chrono::milliseconds bound) = 0;
};

/// Returns at once; brokers are first asked by ask(). Errors: invalid_config.
Result<std::unique_ptr<GroupMembers>> open_group_members(const KafkaOptions& options);

}  // namespace fealty::kafka
