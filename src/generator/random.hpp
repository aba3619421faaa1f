#pragma once

#include <cstdint>
#include <vector>

#include "fealty/base/hash.hpp"

namespace fealty::generator {

/// What a random number is for: numbers of different purposes are independent.
enum class Purpose : std::uint64_t {
  member = 1,
  joined,
  weight,
  gap,
  dropout,
  session,
  step,
  follow_up,
  order,
  content,
  delivery,
  item,
};

/// Counter-based generator: its numbers are a function of (seed, purpose, a, b) and of how many
/// were taken, so anything can be drawn again from its key alone. SplitMix64 (Steele, Lea & Flood
/// 2014).
class Random {
 public:
  Random(std::uint64_t seed, Purpose purpose, std::uint64_t a = 0, std::uint64_t b = 0)
      : state_{mix(mix(seed, static_cast<std::uint64_t>(purpose)), mix(a, b))} {}

  std::uint64_t bits() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  /// Uniform in (0, 1), neither end.
  double uniform() { return (static_cast<double>(bits() >> 12U) + 0.5) * 0x1p-52; }
  /// Uniform in 0..bound-1; bound >= 1. The bias, under bound / 2^32, does not matter here.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((bits() >> 32U) * bound) >> 32U);
  }
  bool chance(double probability) { return uniform() < probability; }
  double exponential();        // mean 1
  double normal();             // mean 0, variance 1
  double gamma(double shape);  // scale 1
  double beta(double a, double b);
  /// Number of failures before a success of probability `p`, at most `max`.
  std::uint32_t geometric(double p, std::uint32_t max);

 private:
  std::uint64_t state_;
};

/// Draws 0..n-1 with P(i) proportional to 1 / (i+1), in constant time: Walker's alias table.
class ZipfTable {
 public:
  explicit ZipfTable(std::uint32_t n);
  std::uint32_t draw(Random& random) const {
    const auto size = static_cast<std::uint32_t>(cells_.size());
    const std::uint32_t i = random.below(size);
    return static_cast<std::uint32_t>(random.bits() >> 32U) < cells_[i].keep ? i : cells_[i].alias;
  }

 private:
  struct Cell {
    std::uint32_t keep = 0xffffffffU, alias = 0;
  };
  std::vector<Cell> cells_;
};

}  // namespace fealty::generator
