#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fealty/base/check.hpp"

namespace fealty {

/// Bump allocator for what lives as long as one batch. reset() keeps the memory, so a warm arena does
/// not allocate.
/// Owns: its blocks. Everything it hands out dies at reset(). Threads: one at a time.
class Arena {
 public:
  explicit Arena(std::size_t block_bytes = std::size_t{256} * 1024) : block_bytes_{block_bytes} {}

  /// `size` bytes at alignment 16.
  char* allocate(std::size_t size) {
    size = (size + 15) & ~std::size_t{15};
    while (true) {
      if (current_ < blocks_.size()) {
        Block& block = blocks_[current_];
        if (block.size - used_ >= size) {
          char* out = block.data.get() + used_;
          used_ += size;
          return out;
        }
        ++current_;
        used_ = 0;
        continue;
      }
      const std::size_t bytes = std::max(block_bytes_, size);
      blocks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    }
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* out = allocate(text.size());
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }
  template <class T>
  std::span<T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16);
    if (items.empty()) return {};
    char* out = allocate(items.size_bytes());
    std::memcpy(out, items.data(), items.size_bytes());
    return {reinterpret_cast<T*>(out), items.size()};
  }
  void reset() {
    current_ = 0;
    used_ = 0;
  }
  [[nodiscard]] std::size_t bytes_held() const {
    std::size_t sum = 0;
    for (const Block& block : blocks_) sum += block.size;
    return sum;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> data;
    std::size_t size;
  };
  std::size_t block_bytes_;
  std::vector<Block> blocks_;
  std::size_t current_ = 0;
  std::size_t used_ = 0;
};

}  // namespace fealty
