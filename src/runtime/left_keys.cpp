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
  if (waiting_count_ == waiting_.size()) settle();
  hash = not_free(hash);
  if (!places_.empty()) __builtin_prefetch(&places_[hash & (places_.size() - 1)], 1);
  waiting_[waiting_count_++] = hash;
}

void LeftKeys::settle() {
  for (std::uint32_t i = 0; i < waiting_count_; ++i) {
    if ((size_ + 1) * 4 > places_.size() * 3) grow();
    std::uint32_t& place = places_[place_of(waiting_[i])];
    size_ += place == 0 ? 1 : 0;
    place = waiting_[i];
  }
  waiting_count_ = 0;
}

bool LeftKeys::may_hold(std::uint32_t hash) const {
  hash = not_free(hash);
  const auto* const waiting_end = waiting_.begin() + waiting_count_;
  return std::find(waiting_.begin(), waiting_end, hash) != waiting_end ||
         (!places_.empty() && places_[place_of(hash)] == hash);
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
