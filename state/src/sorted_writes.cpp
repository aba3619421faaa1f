#include "src/sorted_writes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fealty/base/check.hpp"
#include "src/keys.hpp"

namespace fealty::state {
namespace {

/// Eight bytes of a key from `at` on, as a number that compares as they do; missing ones are 0.
std::uint64_t head_of(std::string_view key, std::size_t at) {
  std::uint64_t head = 0;
  if (key.size() > at) {
    std::memcpy(&head, key.data() + at, std::min<std::size_t>(key.size() - at, sizeof head));
  }
  return __builtin_bswap64(head);
}

}  // namespace

/// Precondition: timers_ has room, so that earlier keys stay where they are.
void SortedWrites::add_timer(Day day, std::string_view member, bool erase) {
  if (day == no_day) return;
  const std::size_t at = timers_.size();
  keys::append_timer(day, member, timers_);
  writes_.push_back({.key = std::string_view{timers_}.substr(at), .erase = erase});
}

std::span<const Write> SortedWrites::of(const ports::SavedBatch& batch) {
  writes_.clear();
  timers_.clear();
  std::size_t timer_bytes = 0;
  for (const auto& item : batch.items) timer_bytes += 2 * (item.key_size + keys::timer_head);
  timers_.reserve(timer_bytes);
  for (const auto& item : batch.items) {
    const std::string_view key = batch.key(item);
    check(item.key_size > 0 && (item.value_size > 0 || keys::is_row_table(key[0])),
          "a saved version has a key and a value");
    writes_.push_back({.key = key, .value = batch.value(item), .erase = item.value_size == 0});
    if (key[0] != keys::member_table || item.due == item.stored_due) continue;
    add_timer(item.stored_due, key.substr(1), true);
    add_timer(item.due, key.substr(1), false);
  }
  return sorted(batch.changelog_position);
}

std::span<const Write> SortedWrites::of(std::vector<Write> writes, std::uint64_t position) {
  writes_ = std::move(writes);
  return sorted(position);
}

std::span<const Write> SortedWrites::sorted(std::uint64_t position) {
  position_.clear();
  keys::append_big_endian(position, position_);
  writes_.push_back({.key = {&keys::position_table, 1}, .value = position_});
  order_.clear();
  for (std::uint32_t i = 0; i < writes_.size(); ++i) {
    const std::string_view key = writes_[i].key;
    order_.push_back({{head_of(key, 0), head_of(key, 8), head_of(key, 16), head_of(key, 24)}, i});
  }
  std::sort(order_.begin(), order_.end(), [&](const SortKey& a, const SortKey& b) {
    if (a.head != b.head) return a.head < b.head;
    const int order = writes_[a.write].key.compare(writes_[b.write].key);
    return order != 0 ? order < 0 : a.write < b.write;
  });
  sorted_.clear();
  for (const SortKey& next : order_) {
    const Write& write = writes_[next.write];
    if (!sorted_.empty() && sorted_.back().key == write.key) sorted_.pop_back();
    sorted_.push_back(write);
  }
  return sorted_;
}

}  // namespace fealty::state
