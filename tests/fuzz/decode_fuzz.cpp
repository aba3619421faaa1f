#include <cstddef>
#include <cstdint>

#include "decode_properties.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fealty::fuzz::decode_holds_its_promises({data, size});
  return 0;
}
