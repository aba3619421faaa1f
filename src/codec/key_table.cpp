#include "fealty/codec/key_table.hpp"

#include <algorithm>

#include "fealty/base/check.hpp"

namespace fealty::codec {
namespace {

std::uint64_t head_of(std::string_view key) {
  std::uint64_t head = 0;
  for (std::size_t i = std::min<std::size_t>(key.size(), 8); i-- > 0;) {
    head = head << 8U | static_cast<unsigned char>(key[i]);
  }
  return head;
}

}  // namespace

bool KeyTable::place(const std::vector<std::string>& keys) {
  cells_.assign(std::size_t{1} << (64 - shift_), Cell{});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::uint64_t head = head_of(keys[i]);
    Cell& cell = cells_[cell_of(keys[i], head)];
    if (cell.index != none) return false;
    cell = {head, static_cast<std::uint32_t>(keys[i].size()), static_cast<std::int32_t>(i)};
  }
  return true;
}

KeyTable::KeyTable(const std::vector<std::string>& keys) : keys_{keys} {
  std::vector<std::uint64_t> codes;
  for (const std::string& key : keys) codes.push_back(code_of(key, head_of(key)));
  std::sort(codes.begin(), codes.end());
  by_whole_key_ = std::adjacent_find(codes.begin(), codes.end()) != codes.end();
  for (std::size_t size = 2; size < 2 * keys.size(); size *= 2) --shift_;
  while (true) {
    for (int attempt = 0; attempt < 1000; ++attempt) {
      if (place(keys)) return;
      multiplier_ = mix(multiplier_, 1) | 1U;
    }
    --shift_;  // A larger table has fewer collisions.
    check(shift_ > 40, "the keys of one table are distinct");
  }
}

}  // namespace fealty::codec
