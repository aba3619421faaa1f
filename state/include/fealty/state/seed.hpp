#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "fealty/base/hash.hpp"

namespace fealty::state {

/// Another one in every process, so that nobody can choose ids that meet in our hash tables. It
/// reaches no output and no order.
inline std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
  }();
  return seed;
}

struct SeededHash {
  std::size_t operator()(const std::string& text) const { return hash64(text, process_seed()); }
};

}  // namespace fealty::state
