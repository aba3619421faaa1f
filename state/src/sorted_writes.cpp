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
  std::size_t timers = 0, timer_bytes = 0;
  for (const auto& item : batch.items) {
    if (item.due == item.stored_due) continue;
    timers += 2;
    timer_bytes += 2 * (item.key_size + keys::timer_head);
  }
  timers_.reserve(timer_bytes);
  writes_.reserve(batch.items.size() + timers + 1);  // Grown by itself, it takes twice as much.
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
  order_.reserve(writes_.size());
  for (std::uint32_t i = 0; i < writes_.size(); ++i) {
    const std::string_view key = writes_[i].key;
    order_.push_back({{head_of(key, 0), head_of(key, 8), head_of(key, 16), head_of(key, 24)}, i});
  }
  std::sort(order_.begin(), order_.end(), [&](const SortKey& a, const SortKey& b) {
    for (std::size_t i = 0; i < a.head.size(); ++i) {  // Eight bytes at a time, without a call.
      if (a.head[i] != b.head[i]) return a.head[i] < b.head[i];
    }
    const int order = writes_[a.write].key.compare(writes_[b.write].key);
    return order != 0 ? order < 0 : a.write < b.write;
  });
  sorted_.clear();
  sorted_.reserve(writes_.size());
  constexpr std::size_t prefetch_ahead = 16;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (i + prefetch_ahead < order_.size()) {
      __builtin_prefetch(&writes_[order_[i + prefetch_ahead].write]);
    }
    const Write& write = writes_[order_[i].write];
    const bool alike = i > 0 && order_[i - 1].head[3] == order_[i].head[3] &&
                       order_[i - 1].head[1] == order_[i].head[1];
    if (alike && sorted_.back().key == write.key) sorted_.pop_back();
    sorted_.push_back(write);
  }
  return sorted_;
}

}  // namespace fealty::state
