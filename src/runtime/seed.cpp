#include "fealty/runtime/seed.hpp"

#include <random>

namespace fealty::runtime {

std::uint64_t random_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

}  // namespace fealty::runtime
