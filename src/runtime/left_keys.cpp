#include "fealty/runtime/left_keys.hpp"

#include <algorithm>

namespace fealty::runtime {

std::size_t LeftKeys::place_of(std::uint32_t hash) const {
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash & mask;
  while (places_[at] != 0 && places_[at] != hash) at = (at + 1) & mask;
  return at;
}

void LeftKeys::add(std::uint32_t hash) {
  if ((size_ + 1) * 4 > places_.size() * 3) grow();
  hash = not_free(hash);
  std::uint32_t& place = places_[place_of(hash)];
  size_ += place == 0 ? 1 : 0;
  place = hash;
}

bool LeftKeys::may_hold(std::uint32_t hash) const {
  hash = not_free(hash);
  return !places_.empty() && places_[place_of(hash)] == hash;
}

void LeftKeys::grow() {
  constexpr std::size_t least = 16;
  Places old(std::max(least, places_.size() * 2));
  old.swap(places_);
  for (const std::uint32_t hash : old) {
    if (hash != 0) places_[place_of(hash)] = hash;
  }
}

}  // namespace fealty::runtime
