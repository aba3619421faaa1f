#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fealty/codec/mapping.hpp"

namespace fealty::codec {

/// How often which path of a mapping held something that could not be read, and was left out of its
/// event. Few, as a rule none.
class OddFields {
 public:
  using Entry = std::pair<OddPath, std::uint64_t>;
  /// True where the path is met for the first time.
  bool add(const OddPath& path, std::uint64_t times = 1);
  void add(const OddFields& other);
  /// Ascending by path.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::uint64_t total() const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace fealty::codec
