#include "fealty/runtime/row_index.hpp"

#include <algorithm>
#include <utility>

#include "fealty/base/hash.hpp"
#include "fealty/ports/member_store.hpp"
#include "fealty/runtime/seed.hpp"

namespace fealty::runtime {

RowIndex::RowIndex(HistoryLog& log) : log_{log}, seed_{random_seed()} {}

std::uint64_t RowIndex::hash_of(std::uint64_t member_tag, std::string_view name) const {
  return hash64(name, mix(seed_, member_tag));
}

bool RowIndex::is(const Place& place, std::uint64_t hash, std::uint64_t member_tag,
                  std::string_view name) const {
  if (place.hash != hash || !log_.holds(place.at)) return false;
  const HistoryLog::Item item = log_.at(place.at);
  return item.tag == member_tag && item.bytes.starts_with(name);
}

void RowIndex::put(std::uint64_t member_tag, std::string_view name, HistoryLog::Position at) {
  if (waiting_count_ == waiting_max) settle();
  const std::uint64_t hash = hash_of(member_tag, name);
  if (!places_.empty()) __builtin_prefetch(&places_[hash & (places_.size() - 1)], 1);
  waiting_[waiting_count_++] = {hash, at};
}

void RowIndex::settle() {
  for (std::size_t i = 0; i < waiting_count_; ++i) put_now(waiting_[i]);
  waiting_count_ = 0;
}

void RowIndex::put_now(const Place& put) {
  if (!log_.holds(put.at)) return;  // Released while it waited.
  if ((used_ + 1) * 4 > places_.size() * 3) grow();
  const HistoryLog::Item item = log_.at(put.at);
  const std::string_view name = ports::row_name(item.bytes);
  const std::size_t mask = places_.size() - 1;
  std::size_t place = put.hash & mask;
  while (places_[place].at != HistoryLog::none && !is(places_[place], put.hash, item.tag, name)) {
    place = (place + 1) & mask;
  }
  const HistoryLog::Position before = std::exchange(places_[place], put).at;
  used_ += before == HistoryLog::none ? 1 : 0;
  if (log_.holds(before)) log_.supersede(before);
}

HistoryLog::Position RowIndex::find(std::uint64_t member_tag, std::string_view name) const {
  const std::uint64_t hash = hash_of(member_tag, name);
  for (std::size_t i = waiting_count_; i-- > 0;) {
    if (is(waiting_[i], hash, member_tag, name)) return waiting_[i].at;
  }
  if (places_.empty()) return HistoryLog::none;
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = hash & mask; places_[at].at != HistoryLog::none; at = (at + 1) & mask) {
    if (is(places_[at], hash, member_tag, name)) return places_[at].at;
  }
  return HistoryLog::none;
}

/// Keeps what the log still holds; larger only where that needs it.
void RowIndex::grow() {
  constexpr std::size_t least = 1024;
  Places old;
  old.swap(places_);
  const auto held = static_cast<std::size_t>(std::count_if(
      old.begin(), old.end(), [&](const Place& place) { return log_.holds(place.at); }));
  std::size_t size = least;
  while (size < held * 2) size *= 2;
  places_.resize(size);
  used_ = held;
  const std::size_t mask = size - 1;
  for (const Place& place : old) {
    if (!log_.holds(place.at)) continue;
    std::size_t at = place.hash & mask;
    while (places_[at].at != HistoryLog::none) at = (at + 1) & mask;
    places_[at] = place;
  }
}

}  // namespace fealty::runtime
