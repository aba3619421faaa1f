#include "fealty/codec/odd_fields.hpp"

#include <algorithm>

namespace fealty::codec {

bool OddFields::add(const OddPath& path, std::uint64_t times) {
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), path,
      [](const Entry& entry, const OddPath& wanted) { return entry.first < wanted; });
  if (at != entries_.end() && at->first == path) {
    at->second += times;
    return false;
  }
  entries_.insert(at, {path, times});
  return true;
}

void OddFields::add(const OddFields& other) {
  for (const auto& [path, times] : other.entries_) add(path, times);
}

std::uint64_t OddFields::total() const {
  std::uint64_t sum = 0;
  for (const Entry& entry : entries_) sum += entry.second;
  return sum;
}

}  // namespace fealty::codec
