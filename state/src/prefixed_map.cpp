#include "src/prefixed_map.hpp"

#include <utility>

namespace fealty::state {

PrefixedMap::PrefixedMap(KeyValue& map, std::string prefix)
    : map_{map}, prefix_{std::move(prefix)} {}

std::string PrefixedMap::full(std::string_view key) const {
  std::string out;
  out.reserve(prefix_.size() + key.size());
  return out.append(prefix_).append(key);
}

/// `visit` must outlive what this answers.
KeyValue::PairVisitor PrefixedMap::without_prefix(const PairVisitor& visit) const {
  return [&visit, size = prefix_.size()](std::string_view key, std::string_view value) {
    return visit(key.substr(size), value);
  };
}

Result<std::optional<std::string>> PrefixedMap::get(std::string_view key) {
  return map_.get(full(key));
}

Result<void> PrefixedMap::get_many(std::span<const std::string_view> keys,
                                   const GotVisitor& visit) {
  std::size_t bytes = keys.size() * prefix_.size();
  for (const std::string_view key : keys) bytes += key.size();
  key_bytes_.clear();
  key_bytes_.reserve(bytes);  // The keys point into it.
  keys_.clear();
  for (const std::string_view key : keys) {
    const std::size_t at = key_bytes_.size();
    key_bytes_.append(prefix_).append(key);
    keys_.push_back(std::string_view{key_bytes_}.substr(at));
  }
  return map_.get_many(keys_, visit);
}

std::vector<Write> PrefixedMap::full(std::span<const Write> changes, std::string& keys) const {
  std::size_t bytes = changes.size() * prefix_.size();
  for (const Write& change : changes) bytes += change.key.size();
  keys.reserve(bytes);  // The changes point into it.
  std::vector<Write> out;
  out.reserve(changes.size());
  constexpr std::size_t prefetch_ahead = 16;  // They may lie all over their memory.
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i + prefetch_ahead < changes.size()) {
      __builtin_prefetch(changes[i + prefetch_ahead].key.data());
    }
    const std::size_t at = keys.size();
    keys.append(prefix_).append(changes[i].key);
    out.push_back({std::string_view{keys}.substr(at), changes[i].value, changes[i].erase});
  }
  return out;
}

Result<void> PrefixedMap::write(std::span<const Write> changes) {
  std::string keys;
  return map_.write(full(changes, keys));
}

Result<void> PrefixedMap::write_in_turn(std::span<const Write> changes, const Turn& turn) {
  std::string keys;
  return map_.write_in_turn(full(changes, keys), turn);
}

Result<void> PrefixedMap::scan(std::string_view first, std::string_view end,
                               const PairVisitor& visit) {
  return map_.scan(full(first), full(end), without_prefix(visit));
}

Result<void> PrefixedMap::scan_from(std::string_view first, std::string_view at,
                                    std::string_view end, const PairVisitor& visit) {
  return map_.scan_from(full(first), full(at), full(end), without_prefix(visit));
}

}  // namespace fealty::state
