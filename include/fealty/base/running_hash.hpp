#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "fealty/base/check.hpp"
#include "fealty/base/hash.hpp"

namespace fealty {

/// hash64() of bytes as they come along, whatever pieces they come in.
/// Owns: its state. Threads: one at a time. Errors: none.
class RunningHash {
 public:
  RunningHash() : state_{XXH3_createState()} {
    check(state_ != nullptr, "out of memory");
    reset();
  }
  void reset() {
    XXH3_64bits_reset(state_.get());
    bytes_ = 0;
  }
  void update(std::string_view bytes) {
    XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
    bytes_ += bytes.size();
  }
  /// Of everything since reset(). More may follow.
  [[nodiscard]] std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
  std::uint64_t bytes_ = 0;
};

}  // namespace fealty
