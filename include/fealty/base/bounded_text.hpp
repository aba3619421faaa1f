#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "fealty/base/check.hpp"

namespace fealty {

/// Room of a stated bound to write into, whose used part is then appended to a string. A string of
/// its own would be filled with zeros first, for a bound that is several times what is written.
/// Owns: the room; up to `local_bytes` of it lie in the object itself. Threads: one.
class BoundedText {
 public:
  explicit BoundedText(std::size_t bytes_max) : bytes_max_{bytes_max} {
    if (bytes_max > local_bytes) large_ = std::make_unique_for_overwrite<char[]>(bytes_max);
  }
  BoundedText(const BoundedText&) = delete;
  BoundedText& operator=(const BoundedText&) = delete;
  [[nodiscard]] char* begin() { return large_ ? large_.get() : local_; }
  /// Appends what was written up to `end` to `out`.
  void append_to(std::string& out, const char* end) {
    const auto size = static_cast<std::size_t>(end - begin());
    check(size <= bytes_max_, "a text must fit the bound that was stated for it");
    out.append(begin(), size);
  }

 private:
  static constexpr std::size_t local_bytes = 4096;
  const std::size_t bytes_max_;
  std::unique_ptr<char[]> large_;
  char local_[local_bytes];  // not initialised
};

}  // namespace fealty
