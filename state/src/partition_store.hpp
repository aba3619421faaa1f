#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fealty/base/result.hpp"
#include "fealty/state/encoded_store.hpp"
#include "fealty/state/key_value.hpp"

namespace fealty::state {

/// What the keys of a partition begin with in a database of them all.
std::string partition_prefix(std::uint32_t partition);

/// The store of one partition: a range of the database's keys. The map must outlive it.
class PartitionStore final : public EncodedStore {
 public:
  /// `memory`: as EncodedStore.
  PartitionStore(KeyValue& map, std::uint32_t number, std::shared_ptr<RestoreMemory> memory);
  const std::uint32_t partition;
};

/// The partitions of which `map` holds anything, ascending.
Result<std::vector<std::uint32_t>> partitions_in(KeyValue& map);

}  // namespace fealty::state
