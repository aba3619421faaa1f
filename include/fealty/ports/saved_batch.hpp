#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/time.hpp"
#include "fealty/event/event.hpp"

namespace fealty::ports {

/// Saved versions, encoded: what goes to the changelog, see MemberStore::to_changelog(), and after
/// the commit to the store. Keys begin with a table letter: 'm' member, 'l' ledger, 'o', 'd', 'r'
/// and 'v' rows, 'c' checkpoint. A row without a value is one that is gone.
/// The bytes lie in blocks, so that a batch of all members is never moved as it grows; the first
/// are small, for there may be a batch for each of many partitions.
struct SavedBatch {
  struct Item {
    std::uint32_t block = 0, at = 0;  // key, then value
    std::uint32_t key_size = 0, value_size = 0;
    Day due = no_day, stored_due = no_day;  // members only: for the store's own timer index
  };
  std::vector<Item> items;
  std::vector<std::string> blocks;
  std::size_t blocks_used = 0;           // the last of them is being filled
  event::Offset as_of = 0;               // of the versions in it: all input before it
  std::uint64_t changelog_position = 0;  // set after the commit, kept by the store beside the batch

  /// Begins an item of about `size` bytes: append its key, call key_done(), append its value, call
  /// item_done().
  std::string& begin_item(std::size_t size) {
    if (blocks_used == 0 || room() < size) next_block(size);
    std::string& block = blocks[blocks_used - 1];
    items.push_back({.block = static_cast<std::uint32_t>(blocks_used - 1),
                     .at = static_cast<std::uint32_t>(block.size())});
    return block;
  }
  void key_done() {
    Item& item = items.back();
    item.key_size = static_cast<std::uint32_t>(blocks[item.block].size() - item.at);
  }
  Item& item_done() {
    Item& item = items.back();
    item.value_size =
        static_cast<std::uint32_t>(blocks[item.block].size() - item.at - item.key_size);
    bytes_ += item.key_size + item.value_size;
    return item;
  }
  [[nodiscard]] std::string_view key(const Item& item) const {
    return std::string_view{blocks[item.block]}.substr(item.at, item.key_size);
  }
  [[nodiscard]] std::string_view value(const Item& item) const {
    return std::string_view{blocks[item.block]}.substr(item.at + item.key_size, item.value_size);
  }
  [[nodiscard]] bool empty() const { return items.empty(); }
  /// Of all keys and values.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// What the blocks take.
  [[nodiscard]] std::size_t memory() const {
    std::size_t bytes = 0;
    for (const std::string& block : blocks) bytes += block.capacity();
    return bytes;
  }
  /// Keeps some memory for the next batch, and gives back the rest.
  static constexpr std::size_t blocks_kept_default = 96;
  void clear(std::size_t blocks_kept = blocks_kept_default) {
    items.clear();
    if (blocks.size() > blocks_kept) blocks.resize(blocks_kept);
    for (std::string& block : blocks) block.clear();
    blocks_used = 0;
    as_of = 0;
    bytes_ = 0;
    changelog_position = 0;
  }

 private:
  /// Many a partition saves a checkpoint and little else: blocks grow as there are more.
  static constexpr std::size_t first_block_bytes = std::size_t{8} << 10U;
  static constexpr std::size_t doublings = 7;  // to 1 MiB
  std::size_t bytes_ = 0;
  [[nodiscard]] std::size_t room() const {
    return blocks[blocks_used - 1].capacity() - blocks[blocks_used - 1].size();
  }
  void next_block(std::size_t size) {
    if (blocks_used == blocks.size()) blocks.emplace_back();
    const std::size_t usual = first_block_bytes << std::min(blocks_used, doublings);
    blocks[blocks_used++].reserve(std::max(size, usual));
  }
};

}  // namespace fealty::ports
