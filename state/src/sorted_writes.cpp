#include "src/sorted_writes.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "fealty/base/check.hpp"
#include "src/keys.hpp"

namespace fealty::state {
namespace {

using namespace keys;

/// All tables in their order. Checkpoint, member, position and timer have keys of their own kinds.
constexpr std::array tables_in_order{checkpoint_table, delivery_table, ledger_table,
                                     member_table,     order_table,    position_table,
                                     parked_table,     timer_table,    reservation_table};
static_assert(std::is_sorted(tables_in_order.begin(), tables_in_order.end()));

/// The place in SortedWrites::items_; -1 for the others.
constexpr int place_of(char table) {
  switch (table) {
    case delivery_table:
      return 0;
    case ledger_table:
      return 1;
    case order_table:
      return 2;
    case parked_table:
      return 3;
    case reservation_table:
      return 4;
    default:
      return -1;
  }
}

/// Eight bytes of a key from `at` on, as a number that compares as they do; missing ones are 0.
std::uint64_t head_of(std::string_view key, std::size_t at) {
  std::uint64_t head = 0;
  if (key.size() > at) {
    std::memcpy(&head, key.data() + at, std::min<std::size_t>(key.size() - at, sizeof head));
  }
  return __builtin_bswap64(head);
}

}  // namespace

/// Equal keys stay in their order.
template <class KeyOf>
void SortedWrites::sort_by(std::size_t count, const KeyOf& key_of) {
  order_.clear();
  order_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view key = key_of(i);
    order_.push_back({{head_of(key, 0), head_of(key, 8)}, i});
  }
  std::sort(order_.begin(), order_.end(), [&](const SortKey& a, const SortKey& b) {
    if (a.head[0] != b.head[0]) return a.head[0] < b.head[0];
    if (a.head[1] != b.head[1]) return a.head[1] < b.head[1];
    const int order = key_of(a.index).compare(key_of(b.index));
    return order != 0 ? order < 0 : a.index < b.index;
  });
}

std::string_view SortedWrites::key(std::uint32_t item) const {
  return batch_->key(batch_->items[item]);
}

std::string_view SortedWrites::id(std::uint32_t member) const {
  return key(members_[member].item).substr(1);
}

std::span<const Write> SortedWrites::of(const ports::SavedBatch& batch) {
  batch_ = &batch;
  take();
  take_timers();
  sort_members();
  sorted_.clear();
  sorted_.reserve(batch.items.size() + timers_.size() + 1);
  for (const char table : tables_in_order) {
    switch (table) {
      case checkpoint_table:
        put_sorted(checkpoints_);
        break;
      case member_table:
        for (const std::uint32_t member : by_id_) put(members_[member].item);
        break;
      case position_table:
        sorted_.push_back(position_write(batch.changelog_position));
        break;
      case timer_table:
        put_sorted(timers_);
        break;
      default:
        put_table(table);
    }
  }
  return sorted_;
}

std::span<const Write> SortedWrites::of(std::vector<Write> writes, std::uint64_t position) {
  writes.push_back(position_write(position));
  sorted_.clear();
  put_sorted(writes);
  return sorted_;
}

void SortedWrites::put(std::uint32_t item) {
  const ports::SavedBatch::Item& saved = batch_->items[item];
  sorted_.push_back(
      {.key = batch_->key(saved), .value = batch_->value(saved), .erase = saved.value_size == 0});
}

/// Parts the items by table.
void SortedWrites::take() {
  members_.clear();
  checkpoints_.clear();
  for (auto& items : items_) items.clear();
  const auto add_member = [&](std::uint32_t item, std::size_t key_size) {
    Member& member = members_.emplace_back();
    member.item = item;
    member.id_size = static_cast<std::uint32_t>(key_size - 1);
    for (std::size_t i = 0; i < tables; ++i) {
      member.begin[i] = static_cast<std::uint32_t>(items_[i].size());
    }
  };
  const auto count = static_cast<std::uint32_t>(batch_->items.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const ports::SavedBatch::Item& item = batch_->items[i];
    check(item.key_size > 0, "a saved version has a key");
    const char table = key(i)[0];
    check(item.value_size > 0 || is_row_table(table), "only rows are erased");
    if (const int place = place_of(table); place >= 0) {
      check(!members_.empty(), "what a member has comes behind it");
      items_[static_cast<std::size_t>(place)].push_back(i);
    } else if (table == member_table) {
      add_member(i, item.key_size);
    } else {
      check(table == checkpoint_table, "a table that a batch may hold");
      checkpoints_.push_back({.key = key(i), .value = batch_->value(item)});
    }
  }
  add_member(count, 1);
}

void SortedWrites::take_timers() {
  timers_.clear();
  timer_bytes_.clear();
  std::size_t bytes = 0;
  const auto count = static_cast<std::uint32_t>(members_.size() - 1);
  const auto item_of = [&](std::uint32_t member) -> const ports::SavedBatch::Item& {
    return batch_->items[members_[member].item];
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    if (item_of(i).due != item_of(i).stored_due) bytes += 2 * (item_of(i).key_size + timer_head);
  }
  timer_bytes_.reserve(bytes);  // Earlier keys stay where they are.
  for (std::uint32_t i = 0; i < count; ++i) {
    const ports::SavedBatch::Item& item = item_of(i);
    if (item.due == item.stored_due) continue;
    add_timer(item.stored_due, id(i), true);
    add_timer(item.due, id(i), false);
  }
}

void SortedWrites::add_timer(Day day, std::string_view member, bool erase) {
  if (day == no_day) return;
  const std::size_t at = timer_bytes_.size();
  append_timer(day, member, timer_bytes_);
  timers_.push_back({.key = std::string_view{timer_bytes_}.substr(at), .erase = erase});
}

/// By id for their own table; for the others first by the size of the id.
void SortedWrites::sort_members() {
  const std::size_t count = members_.size() - 1;
  sort_by(count, [&](std::uint32_t i) { return id(i); });
  by_id_.clear();
  by_id_.reserve(count);
  for (const SortKey& key : order_) {
    check(by_id_.empty() || id(by_id_.back()) != id(key.index), "a member is in a batch once");
    by_id_.push_back(key.index);
  }
  by_size_ = by_id_;
  const auto smaller = [&](std::uint32_t a, std::uint32_t b) {
    return members_[a].id_size < members_[b].id_size;
  };
  if (!std::is_sorted(by_size_.begin(), by_size_.end(), smaller)) {
    std::stable_sort(by_size_.begin(), by_size_.end(), smaller);
  }
}

void SortedWrites::put_table(char table) {
  const auto place = static_cast<std::size_t>(place_of(table));
  const std::vector<std::uint32_t>& items = items_[place];
  if (items.empty()) return;
  constexpr std::size_t prefetch_ahead = 16;
  ranges_.clear();
  for (const std::uint32_t member : by_size_) {
    const Member& first = members_[member];
    const std::uint32_t begin = first.begin[place], end = members_[member + 1].begin[place];
    if (begin == end) continue;
    ranges_.push_back({begin, end, first.id_size});
  }
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    if (i + prefetch_ahead < ranges_.size()) {
      __builtin_prefetch(&batch_->items[items[ranges_[i + prefetch_ahead].begin]]);
    }
    const Range& range = ranges_[i];
    if (range.end - range.begin == 1) {
      put(items[range.begin]);
      continue;
    }
    const auto own = std::span{items}.subspan(range.begin, range.end - range.begin);
    const std::size_t prefix = range.id_size + 3;  // table, size, id
    sort_by(own.size(), [&](std::uint32_t k) { return key(own[k]).substr(prefix); });
    for (const SortKey& one : order_) put(own[one.index]);
  }
}

void SortedWrites::put_sorted(std::span<const Write> writes) {
  sort_by(writes.size(), [&](std::uint32_t i) { return writes[i].key; });
  // Sorted, writes and keys lie all over their memory.
  constexpr std::size_t prefetch_key_ahead = 12, prefetch_ahead = 24;
  sorted_.reserve(sorted_.size() + order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    if (i + prefetch_ahead < order_.size()) {
      __builtin_prefetch(&writes[order_[i + prefetch_ahead].index]);
      __builtin_prefetch(writes[order_[i + prefetch_key_ahead].index].key.data());
    }
    const Write& write = writes[order_[i].index];
    const bool alike = i > 0 && order_[i - 1].head == order_[i].head;
    if (alike && sorted_.back().key == write.key) sorted_.pop_back();
    sorted_.push_back(write);
  }
}

Write SortedWrites::position_write(std::uint64_t position) {
  position_.clear();
  append_big_endian(position, position_);
  return {.key = {&position_table, 1}, .value = position_};
}

}  // namespace fealty::state
