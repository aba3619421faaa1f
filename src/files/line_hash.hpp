#pragma once

#include <cstdint>
#include <string_view>

#include "fealty/base/running_hash.hpp"

namespace fealty::files {

/// What the lines of a log are known again by, from the first on: XXH3 of them as they are
/// delivered, each with its '\n'; of one that is too long, of what is delivered of it. It does not
/// depend on how the log is named, compressed or read in pieces.
///
/// Lines that lie one behind the other are hashed in one go: borrows them until settle().
class LineHash {
 public:
  void begin() {
    run_ = {};
    hash_.reset();
    records_ = 0;
  }
  /// A line, with its '\n' where it lies behind it.
  void add(std::string_view line) {
    append(line);
    ++records_;
  }
  /// The end of a line that does not lie behind what was added of it.
  void add_end() { append("\n"); }
  /// Lets go of what is borrowed.
  void settle() {
    hash_.update(run_);
    run_ = {};
  }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  // Once it is settled:
  [[nodiscard]] std::uint64_t bytes() const { return hash_.bytes(); }
  [[nodiscard]] std::uint64_t value() const { return hash_.value(); }

 private:
  void append(std::string_view bytes) {
    if (run_.data() + run_.size() == bytes.data()) {
      run_ = {run_.data(), run_.size() + bytes.size()};
      return;
    }
    settle();
    run_ = bytes;
  }

  std::string_view run_;
  RunningHash hash_;
  std::uint64_t records_ = 0;
};

}  // namespace fealty::files
