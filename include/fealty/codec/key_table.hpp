#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "fealty/base/hash.hpp"

namespace fealty::codec {

/// A few fixed keys, found in one probe and one compare: a hash of (first and last eight bytes,
/// length), or of the whole key where two of them agree in these, whose multiplier was chosen so
/// that no two keys collide.
/// Owns: copies of its keys. Threads: any, once built.
class KeyTable {
 public:
  static constexpr int none = -1;

  KeyTable() = default;
  /// `keys` must be distinct; find() gives positions in it.
  explicit KeyTable(const std::vector<std::string>& keys);

  [[nodiscard]] int find(std::string_view key) const {
    std::uint64_t head = 0;
    if (key.size() >= sizeof head) {
      std::memcpy(&head, key.data(), sizeof head);
    } else {
      for (std::size_t i = key.size(); i-- > 0;) {
        head = head << 8U | static_cast<unsigned char>(key[i]);
      }
    }
    return find(key, head);
  }
  /// Same, for keys with eight readable bytes behind their first: no loop for short ones.
  [[nodiscard]] int find_padded(std::string_view key) const {
    std::uint64_t head = 0;
    std::memcpy(&head, key.data(), sizeof head);
    if (key.size() < sizeof head) head &= (std::uint64_t{1} << (8 * key.size())) - 1;
    return find(key, head);
  }

 private:
  struct Cell {
    std::uint64_t head = 0;
    std::uint32_t size = 0;
    std::int32_t index = none;
  };
  [[nodiscard]] std::uint64_t code_of(std::string_view key, std::uint64_t head) const {
    if (key.size() <= sizeof head) return head + key.size();
    if (by_whole_key_) return hash64(key);
    std::uint64_t tail = 0;
    std::memcpy(&tail, key.data() + key.size() - sizeof tail, sizeof tail);
    return (head ^ tail * 0xd6e8feb86659fd93ULL) + key.size();
  }
  [[nodiscard]] std::size_t cell_of(std::string_view key, std::uint64_t head) const {
    return static_cast<std::size_t>((code_of(key, head) * multiplier_) >> shift_);
  }
  [[nodiscard]] int find(std::string_view key, std::uint64_t head) const {
    const Cell& cell = cells_[cell_of(key, head)];
    if (cell.head != head || cell.size != key.size() || cell.index == none) return none;
    if (key.size() > sizeof head && keys_[static_cast<std::size_t>(cell.index)] != key) return none;
    return cell.index;
  }
  bool place(const std::vector<std::string>& keys);

  std::vector<std::string> keys_;
  std::vector<Cell> cells_ = std::vector<Cell>(2);
  std::uint64_t multiplier_ = 0x9e3779b97f4a7c15ULL;
  unsigned shift_ = 63;
  bool by_whole_key_ = false;
};

}  // namespace fealty::codec
