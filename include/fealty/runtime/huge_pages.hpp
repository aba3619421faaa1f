#pragma once

#include <sys/mman.h>

#include <cstdlib>
#include <memory>

#include "fealty/base/check.hpp"

namespace fealty::runtime {

/// Memory on huge pages where the system has them: among millions of members most lookups would
/// miss the TLB. For whole multiples of huge_page_bytes, or what is rounded up to one.
inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;

inline std::size_t huge_page_size(std::size_t bytes) {
  return (bytes + huge_page_bytes - 1) & ~(huge_page_bytes - 1);
}

/// To be freed by std::free(). Ends the process where there is no memory.
inline void* allocate_huge(std::size_t bytes) {
  const std::size_t size = huge_page_size(bytes);
  void* const memory = std::aligned_alloc(huge_page_bytes, size);
  check(memory != nullptr, "memory that the configuration gave leave for");
  ::madvise(memory, size, MADV_HUGEPAGE);  // A hint: a refusal only costs speed.
  return memory;
}

/// For large containers; small ones stay on the common heap.
template <class T>
struct HugePageAllocator {
  using value_type = T;
  HugePageAllocator() = default;
  template <class U>
  explicit HugePageAllocator(const HugePageAllocator<U>&) {}
  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    void* const memory = bytes < huge_page_bytes ? std::malloc(bytes) : allocate_huge(bytes);
    check(memory != nullptr, "memory that the configuration gave leave for");
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(memory); }
  template <class U>
  friend bool operator==(const HugePageAllocator&, const HugePageAllocator<U>&) {
    return true;
  }
};

}  // namespace fealty::runtime
