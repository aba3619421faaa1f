#include "src/partition_store.hpp"

#include <limits>
#include <string_view>
#include <utility>

#include "src/keys.hpp"
#include "src/prefixed_map.hpp"

namespace fealty::state {

std::string partition_prefix(std::uint32_t partition) {
  std::string prefix;
  keys::append_big_endian(partition, prefix);
  return prefix;
}

PartitionStore::PartitionStore(KeyValue& map, std::uint32_t number,
                               std::shared_ptr<RestoreMemory> memory)
    : EncodedStore{std::make_unique<PrefixedMap>(map, partition_prefix(number)), std::move(memory)},
      partition{number} {}

Result<std::vector<std::uint32_t>> partitions_in(KeyValue& map) {
  std::vector<std::uint32_t> out;
  const std::string end(keys::partition_bytes + 1, '\xff');
  const auto first = [&](std::string_view key, std::string_view) -> Result<bool> {
    if (key.size() <= keys::partition_bytes) return Error{Errc::store_corrupt, "state", "a key"};
    const auto number = keys::read_big_endian(key.substr(0, keys::partition_bytes));
    out.push_back(static_cast<std::uint32_t>(number));
    return false;
  };
  std::string from = partition_prefix(0);
  while (true) {
    const std::size_t before = out.size();
    if (auto scanned = map.scan(from, end, first); !scanned) return scanned.error();
    if (out.size() == before || out.back() == std::numeric_limits<std::uint32_t>::max()) break;
    from = partition_prefix(out.back() + 1);
  }
  return out;
}

}  // namespace fealty::state
